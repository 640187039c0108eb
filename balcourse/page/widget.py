"""What every live widget of the course is: an anywidget with a described still figure.

The still is what a reader sees before scripts run, on paper, and where the browser cannot run the
widget. In Jupyter the widget is an ordinary ipywidgets widget; in the built book `static/host.js`
mounts it without a kernel.
"""

import pathlib

import anywidget

STATIC = pathlib.Path(__file__).with_name("static")


class LiveWidget(anywidget.AnyWidget):
    """Base of the explorer and the laboratory.

    Parameters
    ----------
    still : balcourse.page.figures.Described
        The widget's first state as a described figure.
    **traits
        Synced traits of the widget.

    """

    def __init__(self, still, **traits):
        self._still = still
        super().__init__(**traits)

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        data = {**data, "text/plain": self._still.alt}
        still = {"svg": self._still.svg, "alt": self._still.alt}
        return data, {**metadata, "still": still}
