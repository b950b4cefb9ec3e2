// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import io.rapidbyte.pipelines.run.RunProgress.Status;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The lines of a run's progress for a terminal of a given size. What does not fit is left out: figures from the last to the first that matter,
 * and streams from those that have nothing to tell.
 */
final class ProgressLines {
    /** Lines that are not for streams: the rest, all, where the cursor stands, and one of what was there before. */
    private static final int OTHER_LINES = 4;

    private static final int MOST_STREAMS = 20;
    private static final int WIDEST_NAME = 30;
    private static final int NARROWEST_BAR = 12;
    private static final int WIDEST_BAR = 30;
    private static final String GAP = "  ";

    private static final String WRITTEN = "█";
    private static final String READ = "▒";
    private static final String OPEN = "░";
    /** How wide the piece is that walks through a bar of unknown length. */
    private static final int WALKER = 3;

    /** The figures, in the order in which they stand, with those at the end of the names that go first. */
    private enum Column {
        PERCENT,
        ROWS,
        MEGABYTES,
        ROWS_PER_SECOND,
        MEGABYTES_PER_SECOND,
        LEFT;

        private String of(Pace.Figures figures) {
            boolean begun = figures.status() != Status.WAITING;
            boolean rated = begun && figures.seconds() > 0 && figures.status() != Status.RETRYING;
            return switch (this) {
                case PERCENT -> begun ? figures.percent() : "";
                case ROWS -> begun ? Numbers.count(figures.rows()) + " rows" : "";
                case MEGABYTES -> begun ? Numbers.megabytes(figures.bytes()) + " MB" : "";
                case ROWS_PER_SECOND -> rated ? Numbers.perSecond(figures.rows(), figures.seconds()) + " rows/s" : "";
                case MEGABYTES_PER_SECOND ->
                    rated ? Numbers.megabytesPerSecond(figures.bytes(), figures.seconds()) + " MB/s" : "";
                case LEFT -> figures.left();
            };
        }
    }

    private static final List<Column> LEAVE_FIRST =
            List.of(Column.MEGABYTES, Column.MEGABYTES_PER_SECOND, Column.ROWS_PER_SECOND, Column.LEFT, Column.ROWS);

    private ProgressLines() {}

    /**
     * Returns the lines, each shorter than the terminal is wide.
     *
     * @param frame counts up from one call to the next, so that something moves even where nothing is known
     */
    static List<String> of(List<Pace.Figures> streams, Pace.Figures all, Terminal.Size size, int frame) {
        int room = Math.max(1, Math.min(MOST_STREAMS, size.rows() - OTHER_LINES));
        List<Pace.Figures> shown = shown(streams, room);
        List<Pace.Figures> rows = new ArrayList<>(shown);
        if (streams.size() > 1) {
            rows.add(all);
        }
        int width = size.columns() - 1;
        int name =
                rows.stream().mapToInt(row -> TextTable.width(row.name())).max().orElse(0);
        name = Math.min(name, Math.min(WIDEST_NAME, Math.max(1, width / 3)));
        List<Column> columns = new ArrayList<>(List.of(Column.values()));
        for (Column column : LEAVE_FIRST) {
            if (barRoom(rows, columns, width, name) >= NARROWEST_BAR) {
                break;
            }
            columns.remove(column);
        }
        int bar = Math.max(0, Math.min(WIDEST_BAR, barRoom(rows, columns, width, name)));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            if (i == shown.size() && shown.size() < streams.size()) {
                lines.add(Numbers.shortened(rest(streams, shown), width));
            }
            lines.add(line(rows, rows.get(i), columns, width, name, bar, frame));
        }
        return lines;
    }

    /** Those that move first, then those that failed, those that are done, and those that wait; then again in the order of the file. */
    private static List<Pace.Figures> shown(List<Pace.Figures> streams, int room) {
        List<Status> order = List.of(Status.MOVING, Status.RETRYING, Status.FAILED, Status.DONE, Status.WAITING);
        List<Pace.Figures> first = streams.stream()
                .sorted(Comparator.comparingInt(stream -> order.indexOf(stream.status())))
                .limit(room)
                .toList();
        return streams.stream().filter(first::contains).toList();
    }

    /** {@code and 12 more: 3 done, 9 waiting}. */
    private static String rest(List<Pace.Figures> streams, List<Pace.Figures> shown) {
        Map<Status, Integer> counts = new EnumMap<>(Status.class);
        streams.stream()
                .filter(stream -> !shown.contains(stream))
                .forEach(stream -> counts.merge(stream.status(), 1, Integer::sum));
        return "and %s more: %s"
                .formatted(
                        Numbers.count(streams.size() - shown.size()),
                        counts.entrySet().stream()
                                .map(entry -> Numbers.count(entry.getValue()) + " "
                                        + entry.getKey().name().toLowerCase(Locale.ROOT))
                                .collect(Collectors.joining(", ")));
    }

    private static int columnWidth(List<Pace.Figures> rows, Column column) {
        return rows.stream().mapToInt(row -> column.of(row).length()).max().orElse(0);
    }

    private static int barRoom(List<Pace.Figures> rows, List<Column> columns, int width, int name) {
        int taken = name + GAP.length();
        for (Column column : columns) {
            int wide = columnWidth(rows, column);
            taken += wide == 0 ? 0 : GAP.length() + wide;
        }
        return width - taken;
    }

    private static String line(
            List<Pace.Figures> rows, Pace.Figures row, List<Column> columns, int width, int name, int bar, int frame) {
        String shortName = Numbers.shortened(row.name(), name);
        StringBuilder line = new StringBuilder(shortName)
                .append(" ".repeat(name - TextTable.width(shortName)))
                .append(GAP)
                .append(bar(row, bar, frame));
        for (Column column : columns) {
            int wide = columnWidth(rows, column);
            if (wide > 0) {
                String cell = column.of(row);
                line.append(GAP).append(" ".repeat(wide - cell.length())).append(cell);
            }
        }
        return Numbers.shortened(line.toString().stripTrailing(), width);
    }

    private static String bar(Pace.Figures row, int width, int frame) {
        String text = switch (row.status()) {
            case WAITING -> "waiting";
            case RETRYING -> "to be retried";
            case DONE -> "done";
            case FAILED -> "failed";
            case MOVING -> null;
        };
        if (text != null) {
            String fits = Numbers.shortened(text, width);
            return fits + " ".repeat(width - fits.length());
        }
        if (!row.isSizeKnown()) {
            // To and fro.
            int way = Math.max(1, width - WALKER);
            int at = frame % (2 * way);
            at = Math.min(Math.max(0, width - WALKER), at < way ? at : 2 * way - at);
            int walker = Math.min(WALKER, width);
            return OPEN.repeat(at) + READ.repeat(walker) + OPEN.repeat(width - at - walker);
        }
        int written = (int) (row.written() * width);
        int read = Math.max(written, (int) (row.read() * width));
        return WRITTEN.repeat(written) + READ.repeat(read - written) + OPEN.repeat(width - read);
    }
}
