"""What a search of the workbench finds of partner organisations, by their names."""

from urllib.parse import urlencode

from django.urls import reverse

from partners.models import PartnerProfile
from portal.admin.panels import Group, Hit, group
from portal.submissions.querysets import oversees


def search(request, text: str) -> list[Group]:
    """For those who read the list of partner organisations."""
    if not oversees(request.user):
        return []
    named = PartnerProfile.objects.visible_to(request.user).filter(organisation__name__icontains=text)
    found, _ = group(
        "Partner organisations",
        named.select_related("organisation").order_by("organisation__name", "pk"),
        lambda row: Hit(
            row.organisation.name, reverse("admin:partners_partnerprofile_change", args=[row.pk])
        ),
        f"{reverse('admin:partners_partnerprofile_changelist')}?{urlencode({'q': text})}",
    )
    return [found]
