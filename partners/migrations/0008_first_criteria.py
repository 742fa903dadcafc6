from django.db import migrations

from portal.append_only import append_only

INTRODUCTION = (
    "What the programme office looks at when it vets an organisation. Each is answered in words, and there is no sum of them. To be"
    " eligible opens no model: a lab and the programme office offer each access by itself."
)
NOTE = "The first version, which came with the portal."
# (key, title, guidance)
CRITERIA = (
    (
        "identity",
        "Who the organisation is",
        "It exists under the name it gave, and who applied may speak for it. Of use: a register entry, the LEI.",
    ),
    (
        "infrastructure",
        "Critical infrastructure",
        (
            "It operates or protects systems of at least one of the 16 sectors, and says which, where, and whom they serve. Of use:"
            " a description of the systems, contracts of a vendor with operators."
        ),
    ),
    (
        "use",
        "What early access is for",
        "It names what it would harden, with which people, and how it would act on what they find.",
    ),
    (
        "security",
        "Care for what it is given",
        (
            "Named people alone reach a model, with a second factor; credentials and documents are kept apart and destroyed in time;"
            " incidents are reported. Of use: an audit report, a policy in force."
        ),
    ),
    (
        "contacts",
        "Security contacts",
        "A security contact was reached at the address and the telephone number that the application gives.",
    ),
    (
        "ownership",
        "Ownership and influence",
        "The answer about foreign ownership is complete, and what follows from it for the handling of access is settled.",
    ),
    (
        "conflicts",
        "Conflicts",
        "It is not a lab, and what ties its people to labs or to agencies that review models is known.",
    ),
    (
        "attestations",
        "Attestations",
        "An administrator of the organisation attested every statement of the application.",
    ),
)


def first_version(apps, schema_editor):
    version = apps.get_model("partners", "VettingCriteria").objects.create(
        number=1, introduction=INTRODUCTION, note=NOTE
    )
    criterion = apps.get_model("partners", "VettingCriterion")
    criterion.objects.bulk_create(
        criterion(version=version, key=key, title=title, guidance=guidance, position=position)
        for position, (key, title, guidance) in enumerate(CRITERIA, start=1)
    )


class Migration(migrations.Migration):
    """What organisations are vetted by at first; that no version of the criteria is changed."""

    dependencies = [("partners", "0007_vetting")]
    operations = [
        migrations.RunPython(first_version, migrations.RunPython.noop),
        append_only("partners_vettingcriteria"),
        append_only("partners_vettingcriterion"),
    ]
