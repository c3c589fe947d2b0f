//! Drawings within an HTML page. Colours come from the page's style, by classes of a closed set.

use std::fmt::{Result, Write};

use super::clusters::{clusters, drawn};
use super::escape::Html;
use super::model::Map;
use super::numbers::{counted, or_unknown};

/// Colours for clusters; more clusters share them, and are told apart by their numbers.
const COLOURS: i64 = 8;
/// Clusters whose number is written onto the map.
const NUMBERED: usize = 20;
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const MARGIN: f64 = 24.0;

/// A bar beside a number that says the same: hidden from screen readers.
pub(super) fn bar(out: &mut dyn Write, value: u64, most: u64, class: &str) -> Result {
    let width = if most == 0 {
        0.0
    } else {
        100.0 * value as f64 / most as f64
    };
    write!(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 100 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
         <rect class=\"{class}\" width=\"{width:.2}\" height=\"10\"/></svg>"
    )
}

/// The class of a cluster's colour.
pub(super) fn colour(cluster: Option<i64>) -> String {
    match cluster {
        Some(cluster) if cluster >= 0 => format!("c{}", cluster % COLOURS),
        _ => "noise".to_owned(),
    }
}

/// A patch of the cluster's colour, for a legend.
pub(super) fn patch(out: &mut dyn Write, cluster: i64) -> Result {
    write!(
        out,
        "<svg class=\"patch\" viewBox=\"0 0 10 10\" aria-hidden=\"true\" focusable=\"false\">\
         <circle class=\"{}\" cx=\"5\" cy=\"5\" r=\"4\"/></svg>",
        colour(Some(cluster))
    )
}

/// The map: a dot for each point, with its label as a title, and the numbers of the largest clusters.
pub(super) fn map(out: &mut dyn Write, map: &Map) -> Result {
    let clusters = clusters(map);
    let points = drawn(map).count() as u64;
    let place = Place::of(map);
    writeln!(
        out,
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"map-title map-text\">\
         <title id=\"map-title\">Map of similar findings</title>\
         <desc id=\"map-text\">{} in {}; near dots are similar findings. The table below names the clusters.</desc>",
        counted(points, "finding"),
        counted(clusters.len() as u64, "cluster")
    )?;
    // Noise first, so that it lies below.
    for below in [true, false] {
        for point in drawn(map) {
            let is_noise = point.cluster.is_none_or(|cluster| cluster < 0);
            if is_noise != below {
                continue;
            }
            let [x, y] = place.at(point.x, point.y);
            write!(
                out,
                "<circle class=\"{}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"><title>",
                colour(point.cluster)
            )?;
            if let Some(severity) = &point.severity {
                write!(out, "{}: ", Html(severity))?;
            }
            writeln!(out, "{}</title></circle>", Html(or_unknown(&point.label)))?;
        }
    }
    for cluster in clusters.iter().take(NUMBERED) {
        let [x, y] = place.at(cluster.middle[0], cluster.middle[1]);
        write!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" aria-hidden=\"true\">{}</text>",
            y - 8.0,
            cluster.number
        )?;
    }
    out.write_str("</svg>\n")
}

/// Where the map's coordinates lie on the drawing: one scale for both axes, for distances are what is shown.
struct Place {
    middle: [f64; 2],
    scale: f64,
}

impl Place {
    fn of(map: &Map) -> Self {
        let mut low = [f64::INFINITY; 2];
        let mut high = [f64::NEG_INFINITY; 2];
        for point in drawn(map) {
            for (axis, at) in [point.x, point.y].into_iter().enumerate() {
                low[axis] = low[axis].min(at);
                high[axis] = high[axis].max(at);
            }
        }
        // Halves, since sums and differences of finite numbers may not be finite.
        let half = [0, 1].map(|axis| high[axis] / 2.0 - low[axis] / 2.0);
        let scale = f64::min(
            (WIDTH / 2.0 - MARGIN) / half[0],
            (HEIGHT / 2.0 - MARGIN) / half[1],
        );
        Place {
            middle: [0, 1].map(|axis| high[axis] / 2.0 + low[axis] / 2.0),
            scale: if scale.is_finite() && scale > 0.0 {
                scale
            } else {
                0.0
            },
        }
    }

    fn at(&self, x: f64, y: f64) -> [f64; 2] {
        let to = |at: f64, middle: f64| 2.0 * (at / 2.0 - middle / 2.0) * self.scale;
        // Upwards is up.
        [
            WIDTH / 2.0 + to(x, self.middle[0]),
            HEIGHT / 2.0 - to(y, self.middle[1]),
        ]
    }
}
