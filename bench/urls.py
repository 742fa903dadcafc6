"""The portal's addresses, and the yardstick's: a bare Django list, detail, changelist and API page over equal rows."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import DetailView, ListView
from rest_framework import generics, pagination, serializers

from bench.models import Row


class BareAdmin(admin.ModelAdmin):
    list_display = ["number", "lab", "model", "state", "submitted_at", "closes_at"]
    list_per_page = 25

    def has_module_permission(self, request):
        return True

    has_view_permission = has_change_permission = lambda self, request, obj=None: True

    def changelist_view(self, request, extra_context=None):
        response = super().changelist_view(request, extra_context)
        response.using = "bare"
        return response


class BareSite(admin.AdminSite):
    def has_permission(self, request):
        return request.user.is_active


class BareAdmin50(BareAdmin):
    list_per_page = 50


bare, bare50 = BareSite(name="bare"), BareSite(name="bare50")
bare.register(Row, BareAdmin)
bare50.register(Row, BareAdmin50)


class RowSerializer(serializers.ModelSerializer):
    class Meta:
        model = Row
        fields = "__all__"


class Pages(pagination.PageNumberPagination):
    page_size = 25


class BareApi(generics.ListAPIView):
    queryset = Row.objects.all()
    serializer_class = RowSerializer
    pagination_class = Pages
    filter_backends = ()


urlpatterns = [
    path(
        "bench/list/",
        login_required(ListView.as_view(model=Row, paginate_by=25, template_name="bench/list.html")),
    ),
    path(
        "bench/detail/<uuid:pk>/",
        login_required(DetailView.as_view(model=Row, template_name="bench/detail.html")),
    ),
    path("bench/admin25/", bare.urls),
    path("bench/admin50/", bare50.urls),
    path("bench/api/", BareApi.as_view()),
    path("", include("portal.urls")),
]
