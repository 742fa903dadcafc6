"""The admin's base, below all apps: stock Django admin whose reads, permissions and buttons come from the portal's rules.

How an app uses it, in its own ``admin.py``::

    from portal.admin import PortalAdmin, Step, StepForm

    class HandOverForm(StepForm):
        to = forms.ModelChoiceField(User.objects.none(), label="New reviewer")

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)                       # self.user, self.subject and self.at are set
            self.fields["to"].queryset = querysets.reviewers_for(self.subject)

    class AssignmentAdmin(PortalAdmin):
        list_display = ("case", "reviewer", "domain", "state")
        list_select_related = ("submission", "reviewer")
        search_fields = ("submission__case_number__startswith",)
        fields = ("case", "reviewer", "domain", "state")            # all read-only: nothing is edited in the admin
        readonly_fields = ("case", "state")
        machine = MACHINE                                           # the app's state table
        subject = "assignment"                                      # the keyword of the app's actions
        steps = (
            Step("attest", actions.attest, explain="You declare that ...", done="Attested."),
            Step("hand_over", actions.hand_over, form=HandOverForm, done="Handed over."),
        )
        bulk_steps = ("revoke",)                                    # offered on the list too, one action call a row

        def may_open(self, user):                                   # the list; rows are visible_to's business
            return user.has_seat(Kind.AGENCY)

        def capacities(self, user, obj, *, at):                     # buttons = machine.verbs_from(state, capacities)
            return policies.capacities(user, obj, at=at)

    ADMINS = [(Assignment, AssignmentAdmin)]                        # portal.site.admin registers them

Rows come from ``Model.objects.visible_to(request.user)``; what is not among them answers 404. ``for_list`` and
``for_page`` add the joins and annotations of the changelist and of a row's page. Override ``listed(request, objects)`` and
``opened(request, obj)`` to write looks where the page shows lab material. A new row:
``add_step = Step("assign", actions.assign, form=...)`` and
``may_add(user)``; the form's cleaned values are the action's keywords (``?name=value`` fills it). Models without a state
table leave ``machine`` out and say in each step's ``available(user, obj, at)`` when it is offered.

A step's page is ``<id>/<verb>/``: a form with the hidden revision, the reason where the state table wants one, and the
form's own fields. Refusals are shown beside the field and the text is kept; a step taken already is said, not repeated.

A page's own template is ``change_form_template`` (extend ``admin/change_form.html``); ``panels(request, obj)`` adds sections.
Panels on lower apps' pages: ``CASE_PANELS`` (a case's page) and ``HOME_PANELS`` (the home page: ``Queue`` objects whose rows
are counted together in one statement), filled from AppConfig.ready; see panels.py.
"""

from portal.admin.base import PortalAdmin
from portal.admin.filters import Question
from portal.admin.panels import CASE_PANELS, HOME_PANELS, NAMES, Queue, names, queue
from portal.admin.steps import Step, StepForm
from portal.admin.words import case_link, state_tag

__all__ = [
    "CASE_PANELS",
    "HOME_PANELS",
    "NAMES",
    "PortalAdmin",
    "Question",
    "Queue",
    "Step",
    "StepForm",
    "case_link",
    "names",
    "queue",
    "state_tag",
]
