"""The demonstration: invented organisations and people, with cases in every state, played through the portal's own actions.

Nobody and nothing here is real. Its people share one password that everybody can read, so it never goes into a database of
real cases: ``manage.py load_demo`` refuses there.
"""
