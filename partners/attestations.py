"""What an organisation attests with its application: each a tick of its own, kept with the words it was ticked beside."""

# Changed words are a new key: an application keeps both.
ATTESTATIONS = {
    "true": "What this application says is true and complete, as far as we know.",
    "changes": "We tell the programme office within ten days when any of it changes.",
    "defence": "We use early access to find and mend weaknesses in what we operate or protect, and for nothing else.",
    "handling": "We keep what we are given to the people we name, and destroy it when a grant ends.",
    "voluntary": "We know that taking part is voluntary, that the outcome of vetting is no endorsement of our organisation, and"
    " that no lab is bound to give us access.",
}
