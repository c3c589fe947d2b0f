//! The clusters of a map, as a legend tells them.

use std::collections::BTreeMap;

use super::model::{Map, Point};

/// One cluster.
pub(super) struct Cluster<'a> {
    pub number: i64,
    pub size: u64,
    /// The middle of its points.
    pub middle: [f64; 2],
    /// The point nearest to the middle.
    pub example: &'a Point,
}

/// The clusters, the largest first.
pub(super) fn clusters(map: &Map) -> Vec<Cluster<'_>> {
    let mut groups = BTreeMap::<i64, Vec<&Point>>::new();
    for point in drawn(map) {
        if let Some(cluster) = point.cluster.filter(|&cluster| cluster >= 0) {
            groups.entry(cluster).or_default().push(point);
        }
    }
    let mut clusters: Vec<_> = groups
        .into_iter()
        .filter_map(|(number, points)| {
            let share = 1.0 / points.len() as f64;
            let middle = points.iter().fold([0.0, 0.0], |[x, y], point| {
                [x + point.x * share, y + point.y * share]
            });
            // Halves: the difference of two finite numbers may not be finite.
            let distance =
                |point: &Point| f64::hypot(point.x / 2.0 - middle[0] / 2.0, point.y / 2.0 - middle[1] / 2.0);
            let example = points
                .iter()
                .copied()
                .min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
            Some(Cluster {
                number,
                size: points.len() as u64,
                middle,
                example,
            })
        })
        .collect();
    clusters.sort_by_key(|cluster| (std::cmp::Reverse(cluster.size), cluster.number));
    clusters
}

/// The points that have a place.
pub(super) fn drawn(map: &Map) -> impl Iterator<Item = &Point> {
    map.points
        .iter()
        .filter(|point| point.x.is_finite() && point.y.is_finite())
}
