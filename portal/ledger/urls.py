from django.urls import path

from portal.ledger import views

urlpatterns = [
    path("heads/", views.newest, name="ledger_heads"),
    path("heads/<int:size>/", views.of_size, name="ledger_head"),
    path("keys/", views.public_keys, name="ledger_keys"),
    path("consistency/", views.consistency, name="ledger_consistency"),
]
