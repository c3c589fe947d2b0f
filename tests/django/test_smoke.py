import pytest
from django.db.models import *
from django_reviewpro.tables import *
from django_reviewpro.functions import *
from examples.models import *

LOG = {"version":"2.1.0","runs":[{"tool":{"driver":{"name":"t"}},"results":[{"ruleId":f"R{i%3}","message":{"text":f"m{i}"},"level":"error","locations":[{"physicalLocation":{"artifactLocation":{"uri":f"a{i}.py"},"region":{"startLine":i+1}}}]} for i in range(10)]}]}

@pytest.mark.django_db
def test_it():
    import json, io, gzip
    for doc in (LOG, json.dumps(LOG), json.dumps(LOG).encode(), io.BytesIO(gzip.compress(json.dumps(LOG).encode())), io.StringIO(json.dumps(LOG))):
        qs = SarifFindings(doc, mode="spec", kinds=["fail"])
        assert len(list(qs)) == 10
    qs = SarifFindings(LOG)
    print(qs.filter(start_line__gt=4).query)
    assert qs.filter(start_line__gt=4).count() == 6
    assert list(qs.values("rule_id").annotate(n=Count("*"), m=Max("start_line")).order_by("rule_id")) == [{"rule_id":"R0","n":4,"m":10},{"rule_id":"R1","n":3,"m":8},{"rule_id":"R2","n":3,"m":9}]
    d = Document.objects.create(name="a", as_json=LOG, as_text=json.dumps(LOG), as_bytes=json.dumps(LOG).encode())
    for c in ("as_json", "as_text", "as_bytes"):
        e = Document.objects.filter(Exists(SarifFindings(OuterRef(c)).filter(rule_id="R1")))
        print(e.query)
        assert e.count() == 1
        n = Document.objects.annotate(n=Subquery(SarifFindings(OuterRef(c)).order_by().values("tool_name").annotate(k=Count("*")).values("k"))).get().n
        assert n == 10
        over = SarifFindings(F(c), over=Document.objects.values(c, document=F("pk")))
        print(over.query)
        assert over.count() == 10
        assert over.filter(rule_id="R0").values("document").annotate(n=Count("*")).get() == {"document": d.pk, "n": 4}
        assert {r.document for r in over} == {d.pk}
        assert Document.objects.filter(pk__in=over.values("document")).count() == 1
    assert Note.objects.filter(file_path__in=qs.values("file_path")).count() == 0
    print(qs.explain())
    Point.objects.bulk_create([Point(vector=[1,0],double=[1,0]),Point(vector=[1,.1],double=[1,.1]),Point(vector=[0,1],double=[0,1])])
    print(list(Point.objects.annotate(c=Window(ClusterDBSCAN("vector", eps=0.1), order_by="id")).values_list("c")))
    print(list(ClusterQuery(Point.objects.order_by("id").filter(vector__isnull=False).values_list("id","vector"), eps=0.1).values_list("id","cluster")))
    from django.contrib.postgres.aggregates import ArrayAgg
    for kw in ({"order_by":"id"},):
        print(Point.objects.aggregate(c=ClusterEmbeddings(ArrayAgg("vector", **kw), eps=0.1)))
    print(list(ClusterSummaries([[1,0],[1,.1],[0,1]],[0,0,-1]).values()))
    print(list(ClusterMembers([[1,0],[1,.1],[0,1]],[0,0,-1]).values()))
    n = Note.objects.create(organization_id="11111111-2222-3333-4444-555555555555", rule_id="B101", file_path="src/app.py", start_line=7,start_column=5,message="Use of assert detected.")
    assert n.identity == "b2960893563d379bddddd38d361c103d67bad38805fb09380ae2a69c9b5bd6da"
    assert Note.objects.annotate(f=Fingerprint("organization_id","rule_id","file_path","start_line","start_column","message")).filter(f=F("identity")).count()==1
