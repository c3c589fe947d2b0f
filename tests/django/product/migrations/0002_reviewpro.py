from django.db import migrations
from django_reviewpro.operations import ReviewproExtension


class Migration(migrations.Migration):
    dependencies = [("product", "0001_initial")]

    operations = [ReviewproExtension()]
