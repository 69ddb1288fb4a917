"""The one kit for pages that people open or print: HTML without scripts, PDF, charts, and the wording of figures.

A page says what it holds, once; both formats are made from it. Whatever a bill holds is shown as text::

    from finops.pages import html
    from finops.pages.figures import Cell, DailyCosts, Figure, Headline, Note, Page, Row, Table
    from finops.pages.pdf import page as pdf

    rows = tuple(Row(owner, (Cell.money(units, 2), Cell.share(part))) for owner, units, part in found)
    page = Page("Forecast", "June 2026", "of build 7", "Provisional", as_of, (
        Headline((Figure("Expected cost", wording.money(123_456, 2), "by 30 June"),), "USD"),
        Table("owners", "Cost centres", "largest first", ("Cost centre", "Expected", "Share"), rows),
        DailyCosts(days, period, "USD"),
        Note("How to read this", "The forecast is of effective cost."),
    ))
    path.write_text(html.page(page), encoding="utf-8")
    pdf.write(page, path.with_suffix(".pdf"))

A page with a layout of its own has a template that extends ``shell.html.j2`` and uses the macros of ``kit.html.j2``,
rendered by ``html.environment`` and ``html.render``; its PDF is a list of ``pdf.flowables`` and ``pdf.tables``.
"""
