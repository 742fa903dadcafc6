"""What a lab's evaluations and an agency's own say of the same thing, beside each other. Numbers, and no word on the model."""
