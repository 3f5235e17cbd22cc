"""Numbers, names and problems as text: plain, HTML, LaTeX and MathML."""
