"""The one list of columns that say who somebody is: none is missing, and what erasure and backups need follows from it."""

from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import models

from portal.particulars import LEFT_OUT, SEALED, TEXTS

# What can hold words, or content that is made of them. A column with a list of choices holds none but these.
CAN_HOLD_WORDS = (
    models.CharField,
    models.TextField,
    models.JSONField,
    models.GenericIPAddressField,
    models.FileField,
    models.BinaryField,
    ArrayField,
)


def columns_with_words() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.managed and not model._meta.proxy:
            for field in model._meta.local_concrete_fields:
                chosen = getattr(field, "base_field", field).choices
                if isinstance(field, CAN_HOLD_WORDS) and not chosen:
                    found.setdefault(model._meta.db_table, set()).add(field.column)
    return found


def test_every_column_that_can_hold_words_is_classified_and_once():
    """A new column fails here until ``portal.particulars`` says whether it names somebody."""
    said = {table: texts.columns() for table, texts in TEXTS.items()}
    assert {table: set(columns) for table, columns in said.items()} == columns_with_words()
    assert all(len(columns) == len(set(columns)) for columns in said.values())


def test_no_backup_holds_a_persons_particulars_in_the_dump():
    sealed = {one.table: one.columns for one in SEALED}
    for table, texts in TEXTS.items():
        if texts.person and table not in LEFT_OUT:
            assert table in sealed, table
            assert not sealed[table] or set(texts.person.split()) <= set(sealed[table]), table


def test_every_table_that_is_sealed_whole_or_left_out_can_go():
    """A row that is kept names no row that goes with a person: without a constraint to one a restore needs nothing else."""
    whole = {one.table for one in SEALED if not one.columns} | set(LEFT_OUT)
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.local_concrete_fields if model._meta.managed else ():
            if field.related_model and field.related_model._meta.db_table in whole:
                assert model._meta.db_table in whole, field
