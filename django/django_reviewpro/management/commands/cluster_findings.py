"""manage.py cluster_findings: clusters of embeddings, shown or stored."""

from __future__ import annotations

from argparse import ArgumentTypeError
from typing import Any

from django.core.exceptions import FieldError, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from ...clustering import Clustering, cluster_rows, store_clusters
from ...progress import Bar, watched
from ..arguments import add_database, lookup, model


class Command(BaseCommand):
    help = "Clusters the embeddings of findings, shows the clusters, and stores them with --clusters and --memberships."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("model", type=model, metavar="APP.MODEL", help="the model that has the embeddings")
        parser.add_argument("--id", default="pk", help="its field with the id of the finding")
        parser.add_argument("--embedding", default="embedding", help="its field with the embedding")
        parser.add_argument(
            "--filter", action="append", default=[], type=_pair, metavar="LOOKUP=VALUE", help="which rows, as filter()"
        )
        parser.add_argument("--algorithm", choices=["dbscan", "agglomerative", "kmeans"], default="dbscan")
        parser.add_argument("--metric", choices=["cosine", "euclidean"])
        parser.add_argument("--eps", type=float, help="dbscan: how near neighbours are")
        parser.add_argument("--min-samples", type=int, help="dbscan: how many make a core")
        parser.add_argument("--distance-threshold", type=float, help="agglomerative: where joining ends")
        parser.add_argument("--linkage", choices=["average", "complete", "single", "ward"])
        parser.add_argument("--n-clusters", type=int, help="agglomerative, kmeans: how many")
        parser.add_argument("--clusters", type=model, metavar="APP.MODEL", help="store the clusters here,")
        parser.add_argument("--memberships", type=model, metavar="APP.MODEL", help="their members here,")
        parser.add_argument(
            "--set", action="append", default=[], type=_pair, metavar="FIELD=VALUE",
            help="in place of the clusters that have this value",
        )  # fmt: skip
        parser.add_argument("--show", type=int, default=10, metavar="N", help="how many clusters to show")
        add_database(parser)

    def handle(self, *args: Any, **given: Any) -> None:
        if bool(given["clusters"]) != bool(given["memberships"]):
            raise CommandError("--clusters and --memberships go together")
        if given["clusters"] and not given["set"]:
            raise CommandError("--clusters needs --set: which clusters the new ones replace")
        names = ("algorithm", "metric", "eps", "min_samples", "distance_threshold", "linkage", "n_clusters")
        chosen: Any = {name: given[name] for name in names if given[name] is not None}
        bar = Bar(self.stderr, 100)
        try:
            of = given["model"]
            chosen_rows = {name: lookup(of, name, text) for name, text in given["filter"]}
            rows = of._default_manager.using(given["database"]).filter(**chosen_rows)
            rows = rows.order_by(given["id"]).values_list(given["id"], given["embedding"])
            with watched(given["database"], bar):
                clustering = cluster_rows(rows, using=given["database"], **chosen)
            if given["clusters"]:
                store_clusters(
                    clustering, given["clusters"], given["memberships"], dict(given["set"]), using=given["database"]
                )
        except (LookupError, FieldError, ValidationError, ValueError, Error) as error:
            raise CommandError(str(error)) from error
        self._show(clustering, given["show"])

    def _show(self, clustering: Clustering, most: int) -> None:
        members = sum(cluster.size for cluster in clustering.clusters)
        self.stdout.write(
            f"{members + len(clustering.noise)} rows: {len(clustering.clusters)} clusters of {members} rows, "
            f"{len(clustering.noise)} in no cluster"
        )
        largest = sorted(clustering.clusters, key=lambda cluster: (-cluster.size, cluster.label))[:most]
        if largest:
            self.stdout.write("cluster  size  similarity  cohesion  representative")
        for cluster in largest:
            self.stdout.write(
                f"{cluster.label:7}  {cluster.size:4}  {cluster.avg_similarity:10.3f}  {cluster.cohesion_score:8.3f}  "
                f"{cluster.representative}"
            )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise ArgumentTypeError(f"not NAME=VALUE: {text!r}")
    return name, value
