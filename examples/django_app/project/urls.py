"""The upload page, the status of a recording, and the admin."""

from django.contrib import admin
from django.urls import path
from recordings import views

urlpatterns = [
    path("", views.upload, name="upload"),
    path("recordings/<int:pk>/", views.status, name="status"),
    path("admin/", admin.site.urls),
]
