// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import java.awt.Color;
import java.awt.Dimension;
import java.awt.Graphics;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.apache.batik.svggen.DOMGroupManager;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.apache.batik.svggen.SVGIDGenerator;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Draws a picture that stands in the text of an HTML page: colours come from the page's style, so that it decides on light and dark, and
 * text is as wide as it was measured, whichever font the reader's browser has.
 */
final class SvgCanvas extends SVGGraphics2D {
    private static final String SVG = "http://www.w3.org/2000/svg";

    // Colours that nothing draws with by itself stand for the page's: it takes the last component for the number of a
    // CSS variable.
    private static final int MARK_RED = 1;
    private static final int MARK_GREEN = 2;
    private static final Pattern MARKED = Pattern.compile("rgb\\(" + MARK_RED + "," + MARK_GREEN + ",(\\d+)\\)");

    private static final Pattern LINE_ENDS_OF_TAGS = Pattern.compile("\\s*\\n\\s*(/?>)");

    private final int width;
    private final int height;

    private SvgCanvas(SVGGeneratorContext context, int width, int height) {
        super(context, false);
        this.width = width;
        this.height = height;
        setSVGCanvasSize(new Dimension(width, height));
    }

    private SvgCanvas(SvgCanvas other) {
        super(other);
        this.width = other.width;
        this.height = other.height;
    }

    /**
     * An empty canvas.
     *
     * @param name unique within the page
     * @param width in pixels
     * @param height in pixels
     */
    static SvgCanvas of(String name, int width, int height) {
        SVGGeneratorContext context = SVGGeneratorContext.createDefault(emptyDocument());
        context.setComment(null);
        context.setPrecision(2);
        context.setIDGenerator(new SVGIDGenerator() {
            @Override
            public String generateID(String prefix) {
                return super.generateID(name + "-" + prefix);
            }
        });
        return new SvgCanvas(context, width, height);
    }

    /** The colour that the page's style calls {@code --c<number>}. */
    static Color pageColor(int number) {
        return new Color(MARK_RED, MARK_GREEN, number);
    }

    @Override
    public Graphics create() {
        return new SvgCanvas(this);
    }

    @Override
    public void drawString(String text, float x, float y) {
        if (text.isEmpty()) {
            return;
        }
        Element element = getDOMFactory().createElementNS(SVG, "text");
        element.setAttributeNS(XMLConstants.XML_NS_URI, "xml:space", "preserve");
        element.setAttribute("x", getGeneratorContext().doubleString(x));
        element.setAttribute("y", getGeneratorContext().doubleString(y));
        // As the plots measure it, or what they align would not be.
        double measured = getFontMetrics().stringWidth(text);
        element.setAttribute("textLength", getGeneratorContext().doubleString(measured));
        element.setAttribute("lengthAdjust", "spacingAndGlyphs");
        element.appendChild(getDOMFactory().createTextNode(text));
        domGroupManager.addElement(element, DOMGroupManager.FILL);
    }

    /**
     * What was drawn, as an element.
     *
     * @param title what it shows, for those who do not see it
     */
    String element(String title) {
        Element root = getRoot();
        for (Node child = root.getFirstChild(); child != null; child = child.getNextSibling()) {
            // Two pictures of a page would have an identifier in common.
            if (child instanceof Element element && element.getAttribute("id").equals("genericDefs")) {
                element.removeAttribute("id");
            }
        }
        Element name = getDOMFactory().createElementNS(SVG, "title");
        name.appendChild(getDOMFactory().createTextNode(title));
        root.insertBefore(name, root.getFirstChild());
        root.setAttribute("viewBox", "0 0 " + width + " " + height);
        root.setAttribute("role", "img");
        StringWriter text = new StringWriter();
        try {
            stream(root, text, true, false);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        String svg = LINE_ENDS_OF_TAGS.matcher(text.toString()).replaceAll("$1");
        // What stands before the element is for files of their own.
        return MARKED.matcher(svg.substring(svg.indexOf("<svg"))).replaceAll("var(--c$1)");
    }

    private static Document emptyDocument() {
        try {
            return DocumentBuilderFactory.newInstance()
                    .newDocumentBuilder()
                    .getDOMImplementation()
                    .createDocument(SVG, "svg", null);
        } catch (ParserConfigurationException e) {
            throw new IllegalStateException("this Java has no XML", e);
        }
    }
}
