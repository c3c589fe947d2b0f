"""Clustering of arrays of vectors, and measures of the result.

`embeddings` is an array of two dimensions, such as ArrayAgg("embedding", order_by="id") gives of an array column. A
pgvector column goes in by its cast: Cast("embedding", ArrayField(RealField())).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import FloatField, IntegerField, JSONField
from django.utils.deconstruct import deconstructible

from .. import options
from ..arguments import is_expression, labels_argument, vectors_argument
from .base import Routine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models.expressions import Combinable
    from typing_extensions import Unpack

    from ..arguments import Vectors


def _embeddings(value: Any) -> Any:
    """A name of a field, an expression, or the vectors themselves."""
    return value if isinstance(value, str) or is_expression(value) else vectors_argument(value)


def _labels(value: Any) -> Any:
    return value if isinstance(value, str) or is_expression(value) else labels_argument(value)


@deconstructible(path="django_reviewpro.functions.ClusterEmbeddings")
class ClusterEmbeddings(Routine):
    """One label per vector, from 0; noise is -1: scikit-learn's labels."""

    function = "cluster_embeddings"
    allowed = options.ClusterOptions
    output_field = ArrayField(IntegerField())

    def __init__(self, embeddings: Combinable | str | Vectors, **given: Unpack[options.ClusterOptions]) -> None:
        super().__init__(_embeddings(embeddings), **given)


@deconstructible(path="django_reviewpro.functions.ClusterReport")
class ClusterReport(Routine):
    """Labels, sizes, silhouette, noise and duration as one JSON object."""

    function = "cluster_report"
    allowed = options.ClusterOptions
    output_field = JSONField()

    def __init__(self, embeddings: Combinable | str | Vectors, **given: Unpack[options.ClusterOptions]) -> None:
        super().__init__(_embeddings(embeddings), **given)


@deconstructible(path="django_reviewpro.functions.SilhouetteScore")
class SilhouetteScore(Routine):
    """The mean silhouette, from -1 to 1; None where it is not defined."""

    function = "silhouette_score"
    allowed = options.SilhouetteOptions
    output_field = FloatField(null=True)

    def __init__(
        self,
        embeddings: Combinable | str | Vectors,
        labels: Combinable | str | Sequence[int],
        **given: Unpack[options.SilhouetteOptions],
    ) -> None:
        super().__init__(_embeddings(embeddings), _labels(labels), **given)


@deconstructible(path="django_reviewpro.functions.SilhouetteSamples")
class SilhouetteSamples(Routine):
    """The silhouette of each vector; None where it is not defined."""

    function = "silhouette_samples"
    allowed = options.SilhouetteOptions
    output_field = ArrayField(FloatField(null=True))

    def __init__(
        self,
        embeddings: Combinable | str | Vectors,
        labels: Combinable | str | Sequence[int],
        **given: Unpack[options.SilhouetteOptions],
    ) -> None:
        super().__init__(_embeddings(embeddings), _labels(labels), **given)


class _WindowFunction(Routine):
    """For Window(expression=..., partition_by=..., order_by=...): one set per partition, whatever the frame.

    order_by decides how clusters are numbered. Noise and rows without a vector are None.
    """

    window_compatible = True
    output_field = IntegerField(null=True)


@deconstructible(path="django_reviewpro.functions.ClusterDBSCAN")
class ClusterDBSCAN(_WindowFunction):
    """The DBSCAN cluster of each row. `eps` must be given."""

    function = "cluster_dbscan"
    allowed = options.DBSCANOptions

    def __init__(self, embedding: Combinable | str, **given: Unpack[options.DBSCANOptions]) -> None:
        super().__init__(embedding, **given)


@deconstructible(path="django_reviewpro.functions.ClusterAgglomerative")
class ClusterAgglomerative(_WindowFunction):
    """The agglomerative cluster of each row, by `distance_threshold` or by `n_clusters`."""

    function = "cluster_agglomerative"
    allowed = options.AgglomerativeOptions

    def __init__(self, embedding: Combinable | str, **given: Unpack[options.AgglomerativeOptions]) -> None:
        super().__init__(embedding, **given)


@deconstructible(path="django_reviewpro.functions.ClusterKMeans")
class ClusterKMeans(_WindowFunction):
    """The k-means cluster of each row. `n_clusters` must be given."""

    function = "cluster_kmeans"
    allowed = options.KMeansOptions

    def __init__(self, embedding: Combinable | str, **given: Unpack[options.KMeansOptions]) -> None:
        super().__init__(embedding, **given)
