"""The site: leaderboards, claims and solvers of published results, as static pages that need no network."""

from bnnbench.site.pages import make_site as make_site
