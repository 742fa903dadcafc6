"""Whether values fit their columns, asked by actions before the database is."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models

from portal.errors import Invalid


def check_fields(subject, names: Iterable[str]) -> None:
    """Raise Invalid, naming the field, for the first value that its column does not take."""
    for name in names:
        field = subject._meta.get_field(name)
        value = getattr(subject, name)
        if value in (None, "") and field.blank:
            continue
        if isinstance(field, models.TextField) and field.max_length and len(value) > field.max_length:
            # Django holds a text to its length in forms only.
            raise Invalid(f"Write at most {field.max_length:,} characters.", field=name)
        try:
            setattr(subject, name, field.clean(value, subject))
        except ValidationError as error:
            raise Invalid(" ".join(error.messages), field=name) from error
