"""A Django project whose recordings are transcribed: a page, the admin, a command.

    python examples/django_app/manage.py migrate
    telnyx-stt emulate -- python examples/django_app/manage.py transcribe call.wav

With a key, leave out ``telnyx-stt emulate --``. ``runserver`` takes uploads at http://127.0.0.1:8000/
(and after ``createsuperuser`` shows the admin); ``transcribe`` works them off, by cron or by hand,
``--jobs`` at once, and any number of these may run. Database and files lie in the folder ``data``,
or where DJANGO_APP_DATA says.

No request transcribes: it would hold a web worker for minutes, and end when the browser leaves. A
request queues, the command works, and the database says how far each recording is.
"""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")
    execute_from_command_line(sys.argv)
