"""Signs in whoever sits at this machine, in embedded mode alone."""

from django.utils.functional import SimpleLazyObject

from webapp.accounts.embedded import local_user


def embedded_sign_in(get_response):
    """Leaves whoever has signed in with a password alone."""

    def middleware(request):
        session_user = request.user

        def user():
            if session_user.is_authenticated:
                return session_user
            headers = {name.lower(): value for name, value in request.headers.items()}
            return local_user(address=request.META.get("REMOTE_ADDR"), headers=headers) or session_user

        request.user = SimpleLazyObject(user)
        return get_response(request)

    return middleware
