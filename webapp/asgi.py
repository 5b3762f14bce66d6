"""The ASGI application: HTTP for pages and the REST API, sockets for live runs."""

import os
import warnings

from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
http = get_asgi_application()  # sets Django up, so that the models below can be imported

# Files of ours are small enough to be read whole, which is what Django does, and warns of, under ASGI.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

from webapp.accounts.sockets import SocketIdentity  # noqa: E402
from webapp.common.body_limit import BodyLimit  # noqa: E402
from webapp.runs.routing import websocket_urlpatterns  # noqa: E402

application = ProtocolTypeRouter(
    {"http": BodyLimit(http), "websocket": SocketIdentity(URLRouter(websocket_urlpatterns))}
)
