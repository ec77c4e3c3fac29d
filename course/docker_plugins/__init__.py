"""The CLI plugins of a session's DOCKER_CONFIG: `docker build` without buildx, and Compose that builds the same way.

The docker command hands `docker build`, `docker buildx …` and `docker builder …` to the plugin named buildx. The usual
one speaks gRPC to BuildKit, whose calls a session can't check, and without one the command prints that its builder is
deprecated. So a session has a plugin of that name, which sends the context by POST /build like docker-py does; the
gateway chooses the builder. Compose calls buildx too, unless DOCKER_BUILDKIT says otherwise; a wrapper of two lines
sets that (`course.gateway.docker_config` writes both).

What is here runs by its path: it imports nothing but the standard library.
"""
