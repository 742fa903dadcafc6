"""What a person had typed into a form whose page is no longer theirs: given back, so that no words of theirs are lost."""

from django import template

register = template.Library()

# A field that holds one of these is no text of the person's, or one that no page repeats.
UNREPEATED = ("password", "token", "csrf", "code", "secret", "key", "login")


@register.simple_tag(takes_context=True)
def texts_typed(context) -> list[tuple[str, str]]:
    """(field, text) of the form that this answer refuses; empty unless it came from a page of the portal's.

    Choices and hidden ids are left out: a text has words in it.
    """
    request = context.get("request")
    # Where no view was found nobody asked whether the form was ours: another site could put words on our page.
    if request is None or request.method != "POST" or not getattr(request, "csrf_processing_done", False):
        return []
    return [
        (name.replace("_", " ").capitalize(), value.strip())
        for name, values in request.POST.lists()
        if not any(word in name.lower() for word in UNREPEATED)
        for value in values
        if len(value.split()) > 1
    ]
