"""The yardstick's table: as many rows as there are cases, with the columns that the list of cases shows."""

from django.db import models


class Row(models.Model):
    id = models.UUIDField(primary_key=True)
    number = models.CharField(max_length=20)
    lab = models.CharField(max_length=200)
    model = models.CharField(max_length=200)
    state = models.CharField(max_length=20)
    submitted_at = models.DateTimeField()
    closes_at = models.DateTimeField()

    class Meta:
        managed = False
        db_table = "bench_row"
        ordering = ["-submitted_at", "id"]

    def __str__(self):
        return self.number
