from django.db import migrations, models

import recordings.models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Recording",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "audio",
                    models.FileField(
                        upload_to="recordings/", validators=[recordings.models.check_size]
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=recordings.models.Status.choices,
                        db_index=True,
                        default="queued",
                        editable=False,
                        max_length=10,
                    ),
                ),
                ("text", models.TextField(blank=True, editable=False)),
                ("error", models.TextField(blank=True, editable=False)),
                ("started", models.DateTimeField(editable=False, null=True)),
            ],
        ),
    ]
