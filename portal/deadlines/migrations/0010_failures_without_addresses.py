from django.db import migrations

# As ``failures._ADDRESS`` does from now on.
WITHOUT = r"""
    UPDATE deadlines_message SET failure = regexp_replace(failure, '[^\s<>()\[\]"'',;:]+@[^\s<>()\[\]"'',;:]+', '(address)', 'g')
     WHERE failure LIKE '%@%'
"""


class Migration(migrations.Migration):
    """What a mail server answered is kept without the address that it repeats."""

    dependencies = [("deadlines", "0009_sent_of_a_day")]
    operations = [migrations.RunSQL(WITHOUT, migrations.RunSQL.noop)]
