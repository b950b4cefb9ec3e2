// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.report;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Paint;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Rectangle2D;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.text.NumberFormat;
import java.util.List;
import java.util.Locale;
import org.jfree.chart.JFreeChart;
import org.jfree.chart.annotations.CategoryTextAnnotation;
import org.jfree.chart.axis.AxisLocation;
import org.jfree.chart.axis.CategoryAxis;
import org.jfree.chart.axis.LogAxis;
import org.jfree.chart.axis.NumberAxis;
import org.jfree.chart.axis.NumberTickUnit;
import org.jfree.chart.axis.ValueAxis;
import org.jfree.chart.plot.CategoryPlot;
import org.jfree.chart.plot.DatasetRenderingOrder;
import org.jfree.chart.plot.Plot;
import org.jfree.chart.plot.PlotOrientation;
import org.jfree.chart.plot.ValueMarker;
import org.jfree.chart.plot.XYPlot;
import org.jfree.chart.renderer.category.BarRenderer;
import org.jfree.chart.renderer.category.IntervalBarRenderer;
import org.jfree.chart.renderer.category.StackedBarRenderer;
import org.jfree.chart.renderer.category.StandardBarPainter;
import org.jfree.chart.renderer.xy.XYErrorRenderer;
import org.jfree.chart.ui.Layer;
import org.jfree.chart.ui.RectangleInsets;
import org.jfree.chart.ui.TextAnchor;
import org.jfree.data.category.DefaultCategoryDataset;
import org.jfree.data.category.DefaultIntervalCategoryDataset;
import org.jfree.data.xy.YIntervalSeries;
import org.jfree.data.xy.YIntervalSeriesCollection;

/** Draws plots as SVG elements for a page. Legends and headings are the page's. */
final class Charts {
    /** How many colours there are for things that differ. */
    static final int COLORS = 8;

    static final int WIDE = 1080;
    static final int NARROW = 520;

    private static final int INK = 0;
    private static final int GRID = 1;
    private static final int MUTED = 2;
    private static final int FIRST_COLOR = 10;
    private static final int BAR_PIXELS = 18;
    private static final int AXIS_PIXELS = 46;

    // As wide as Arial and Helvetica, one of which every browser has.
    private static final Font FONT = new Font("Liberation Sans", Font.PLAIN, 12);
    private static final BasicStroke HAIRLINE = new BasicStroke(1);
    private static final BasicStroke LINE = new BasicStroke(2, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND);

    private int drawn;

    /**
     * A bar with its spread.
     *
     * @param label what it is
     * @param value how long it is
     * @param low where its spread begins
     * @param high where its spread ends
     * @param text the value for people
     * @param color from 0
     */
    record Bar(String label, double value, double low, double high, String text, int color) {}

    /**
     * A segment of each of some bars.
     *
     * @param color from 0
     * @param values of the bars in their order
     */
    record Segment(int color, double[] values) {}

    /**
     * A line through points.
     *
     * @param color from 0
     * @param points from left to right
     */
    record Line(int color, List<Point> points) {}

    /** A point and the spread of its height. */
    record Point(double x, double y, double low, double high) {}

    /** What the horizontal axis of lines shows. */
    enum Scale {
        /** Each tenfold is as far from the one before. */
        DECADES(10),
        /** Each double is as far from the one before. */
        DOUBLES(2);

        private final int base;

        Scale(int base) {
            this.base = base;
        }
    }

    /** The CSS variable of a colour, from 0. */
    static String colorVariable(int color) {
        return "--c" + (FIRST_COLOR + color % COLORS);
    }

    /**
     * Horizontal bars, the first on top.
     *
     * @param title what they show
     * @param unit of the values
     * @param reference a value that is marked; not a number for none
     */
    String bars(String title, List<Bar> bars, String unit, double reference, int width) {
        DefaultCategoryDataset values = new DefaultCategoryDataset();
        Comparable<?>[] keys = new Comparable<?>[bars.size()];
        double[][] lows = new double[1][bars.size()];
        double[][] highs = new double[1][bars.size()];
        for (int i = 0; i < bars.size(); i++) {
            keys[i] = unique(i, bars.get(i).label());
            values.addValue(bars.get(i).value(), unit, keys[i]);
            lows[0][i] = bars.get(i).low();
            highs[0][i] = bars.get(i).high();
        }
        BarRenderer renderer = new BarRenderer() {
            private static final long serialVersionUID = 1L;

            @Override
            public Paint getItemPaint(int row, int column) {
                return color(bars.get(column).color());
            }
        };
        int height = heightOf(bars.size());
        style(renderer, BAR_PIXELS, height);
        CategoryPlot plot = categories(values, unit, Double.isNaN(reference) ? compact() : plain(), renderer);
        // Room for the numbers behind the bars.
        plot.getRangeAxis().setUpperMargin(width == WIDE ? 0.12 : 0.22);

        DefaultIntervalCategoryDataset spread = new DefaultIntervalCategoryDataset(lows, highs);
        spread.setCategoryKeys(keys);
        IntervalBarRenderer whiskers = new IntervalBarRenderer();
        style(whiskers, 2, height);
        whiskers.setSeriesPaint(0, page(INK));
        plot.setDataset(1, spread);
        plot.setRenderer(1, whiskers);
        plot.setDatasetRenderingOrder(DatasetRenderingOrder.FORWARD);
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            // Behind the mark as well, which would cross it out.
            double end = Math.max(bar.value(), Double.isNaN(reference) ? bar.high() : Math.max(bar.high(), reference));
            CategoryTextAnnotation text = new CategoryTextAnnotation("  " + bar.text(), keys[i], end);
            text.setFont(FONT);
            text.setPaint(page(INK));
            text.setTextAnchor(TextAnchor.CENTER_LEFT);
            plot.addAnnotation(text);
        }
        if (!Double.isNaN(reference)) {
            plot.addRangeMarker(new ValueMarker(reference, page(INK), HAIRLINE), Layer.FOREGROUND);
        }
        return draw(title, plot, width, height);
    }

    /**
     * Horizontal bars of segments, the first on top.
     *
     * @param title what they show
     * @param labels of the bars
     * @param segments from left to right
     * @param unit of the values
     */
    String stacks(String title, List<String> labels, List<Segment> segments, String unit, int width) {
        DefaultCategoryDataset data = new DefaultCategoryDataset();
        StackedBarRenderer renderer = new StackedBarRenderer();
        style(renderer, BAR_PIXELS, heightOf(labels.size()));
        for (int segment = 0; segment < segments.size(); segment++) {
            for (int bar = 0; bar < labels.size(); bar++) {
                data.addValue(
                        segments.get(segment).values()[bar], Integer.valueOf(segment), unique(bar, labels.get(bar)));
            }
            renderer.setSeriesPaint(segment, color(segments.get(segment).color()));
        }
        return draw(title, categories(data, unit, plain(), renderer), width, heightOf(labels.size()));
    }

    /**
     * Lines over numbers, upwards from zero.
     *
     * @param title what they show
     * @param across what the numbers are
     * @param upwards what the heights are
     */
    String lines(String title, List<Line> lines, Scale scale, String across, String upwards, int width) {
        YIntervalSeriesCollection data = new YIntervalSeriesCollection();
        XYErrorRenderer renderer = new XYErrorRenderer();
        renderer.setDefaultLinesVisible(true);
        renderer.setDrawXError(false);
        renderer.setErrorStroke(HAIRLINE);
        renderer.setCapLength(5);
        for (int i = 0; i < lines.size(); i++) {
            YIntervalSeries series = new YIntervalSeries(i);
            lines.get(i).points().forEach(point -> series.add(point.x(), point.y(), point.low(), point.high()));
            data.addSeries(series);
            renderer.setSeriesPaint(i, color(lines.get(i).color()));
            renderer.setSeriesStroke(i, LINE);
            renderer.setSeriesShape(i, new Ellipse2D.Double(-3.5, -3.5, 7, 7));
        }
        LogAxis horizontal = new LogAxis(across);
        horizontal.setBase(scale.base);
        horizontal.setTickUnit(new NumberTickUnit(1));
        horizontal.setNumberFormatOverride(compact());
        horizontal.setLowerMargin(0.06);
        horizontal.setUpperMargin(0.06);
        horizontal.setMinorTickMarksVisible(false);
        NumberAxis vertical = new NumberAxis(upwards);
        vertical.setNumberFormatOverride(compact());
        vertical.setTickLabelInsets(new RectangleInsets(8, 4, 8, 4));
        vertical.setAutoRangeIncludesZero(true);
        XYPlot plot = new XYPlot(data, horizontal, vertical, renderer);
        style(plot);
        style(horizontal);
        style(vertical);
        vertical.setAxisLineVisible(false);
        plot.setDomainGridlinesVisible(false);
        plot.setRangeGridlinePaint(page(GRID));
        plot.setRangeGridlineStroke(HAIRLINE);
        return draw(title, plot, width, 300);
    }

    private static int heightOf(int bars) {
        return AXIS_PIXELS + bars * (BAR_PIXELS + 14);
    }

    /** Two bars may have one label; equal keys would be one bar. What makes them differ is not drawn. */
    private static Comparable<?> unique(int place, String label) {
        return new Label(place, label);
    }

    private record Label(int place, String text) implements Comparable<Label> {
        @Override
        public int compareTo(Label other) {
            return Integer.compare(place, other.place);
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private static CategoryPlot categories(
            DefaultCategoryDataset data, String unit, NumberFormat format, BarRenderer renderer) {
        CategoryAxis names = new CategoryAxis();
        names.setTickLabelFont(FONT);
        names.setTickLabelPaint(page(INK));
        names.setAxisLinePaint(page(MUTED));
        names.setTickMarksVisible(false);
        names.setLowerMargin(0.01);
        names.setUpperMargin(0.01);
        names.setCategoryMargin(0.4);
        names.setMaximumCategoryLabelLines(2);
        names.setMaximumCategoryLabelWidthRatio(0.9f);
        NumberAxis values = new NumberAxis(unit);
        values.setNumberFormatOverride(format);
        // Wide, so that there are few.
        values.setTickLabelInsets(new RectangleInsets(2, 22, 2, 22));
        style(values);
        values.setAxisLineVisible(false);
        CategoryPlot plot = new CategoryPlot(data, names, values, renderer);
        style(plot);
        plot.setOrientation(PlotOrientation.HORIZONTAL);
        plot.setRangeAxisLocation(AxisLocation.BOTTOM_OR_RIGHT);
        plot.setRangeGridlinePaint(page(GRID));
        plot.setRangeGridlineStroke(HAIRLINE);
        return plot;
    }

    private static void style(BarRenderer renderer, double barPixels, int height) {
        renderer.setMaximumBarWidth(barPixels / (height - AXIS_PIXELS));
        renderer.setBarPainter(new StandardBarPainter());
        renderer.setShadowVisible(false);
        renderer.setDrawBarOutline(false);
    }

    private static void style(ValueAxis axis) {
        axis.setTickLabelFont(FONT);
        axis.setTickLabelPaint(page(MUTED));
        axis.setLabelFont(FONT);
        axis.setLabelPaint(page(MUTED));
        axis.setAxisLinePaint(page(MUTED));
        axis.setTickMarkPaint(page(MUTED));
        axis.setTickMarksVisible(false);
    }

    private static void style(Plot plot) {
        plot.setOutlineVisible(false);
        plot.setBackgroundPaint(null);
        plot.setInsets(new RectangleInsets(4, 0, 0, 8));
    }

    /** {@code 0.25}. */
    private static NumberFormat plain() {
        return new DecimalFormat("#,##0.##", DecimalFormatSymbols.getInstance(Locale.ROOT));
    }

    /** {@code 1.5M}. */
    private static NumberFormat compact() {
        NumberFormat format = NumberFormat.getCompactNumberInstance(Locale.ENGLISH, NumberFormat.Style.SHORT);
        format.setMaximumFractionDigits(2);
        return format;
    }

    private static Color page(int number) {
        return SvgCanvas.pageColor(number);
    }

    private static Color color(int number) {
        return page(FIRST_COLOR + number % COLORS);
    }

    private String draw(String title, Plot plot, int width, int height) {
        JFreeChart chart = new JFreeChart(null, FONT, plot, false);
        chart.setBackgroundPaint(null);
        chart.setPadding(RectangleInsets.ZERO_INSETS);
        drawn++;
        SvgCanvas canvas = SvgCanvas.of("plot" + drawn, width, height);
        chart.draw(canvas, new Rectangle2D.Double(0, 0, width, height));
        return canvas.element(title);
    }
}
