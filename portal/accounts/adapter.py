"""How allauth behaves here."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Nobody signs up: accounts are made by an organisation's administrator or by the programme."""

    def is_open_for_signup(self, request) -> bool:
        return False
