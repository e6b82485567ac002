"""The service: a JSON API and web pages by one app.

`create_app(Config) -> FastAPI` is in `advisor.http.app`. The process that answers imports neither torch nor pandas:
studies run as processes of their own, heavy questions in `lane`s.
"""
