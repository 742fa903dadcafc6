"""The standard text that partners accept, version by version."""

from partners import policies
from partners.actions import organisations as actions
from partners.admin.forms import TermsForm
from partners.querysets import oversees
from portal.admin import PortalAdmin, Step


class PartnerTermsAdmin(PortalAdmin):
    list_display = ("__str__", "published_at", "published_by")
    list_select_related = ("published_by",)
    ordering = ("-number",)
    singular, plural = "partner terms", "partner terms"
    fields = ("number", "published_at", "published_by", "text")
    readonly_fields = fields
    add_step = Step(
        "publish_partner_terms",
        actions.publish_partner_terms,
        form=TermsForm,
        label="Publish a new version",
        explain="Partners accept this text with every grant from now on. Grants keep the version that was accepted with them.",
        done="Published.",
    )

    def may_open(self, user) -> bool:
        return oversees(user)

    def may_add(self, user) -> bool:
        return policies.keeps_partners(user)
