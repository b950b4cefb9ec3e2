// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import static io.rapidbyte.pipelines.cli.TextTable.Side.LEFT;
import static io.rapidbyte.pipelines.cli.TextTable.Side.RIGHT;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.everyItem;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.lessThanOrEqualTo;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How the lines of a table are laid out. */
class TextTableTest {
    private static final String SENTENCE = "the user may not read 2 of the columns of shop.orders: note, amount";

    @Test
    void aTableThatFitsIsAsWideAsItsCells() {
        TextTable table = TextTable.of(List.of(LEFT, RIGHT, LEFT), "stream", "rows", "said");
        table.add("orders", "20,000", "two  blanks");
        table.rule();
        table.add("all", "20,000", "");

        String expected = """
                stream    rows  said
                ---------------------------
                orders  20,000  two  blanks
                ---------------------------
                all     20,000
                """;
        assertThat(table.lines(), is(expected.lines().toList()));
        assertThat(table.lines(27), is(expected.lines().toList()));
    }

    @Test
    void sentencesAreBrokenBetweenWords() {
        TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT), "", "check", "found");
        table.add("ok", "connection", "connected");
        table.add("FAILED", "stream orders", SENTENCE);

        assertThat(table.lines(60), is("""
                        check          found
                ------------------------------------------------------------
                ok      connection     connected
                FAILED  stream orders  the user may not read 2 of the
                                       columns of shop.orders: note, amount
                """.lines().toList()));
    }

    @Test
    void aNameThatLeavesNoRoomForASentenceHasALineOfItsOwn() {
        TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT), "", "check", "found");
        table.add("ok", "connection", "connected");
        table.add("FAILED", "stream a_schema_with_a_name.orders", SENTENCE);
        table.add("ok", "stream of_another_such_schema.items", "");

        assertThat(table.lines(60), is("""
                        check                 found
                ------------------------------------------------------------
                ok      connection            connected
                FAILED  stream a_schema_with_a_name.orders
                                              the user may not read 2 of the
                                              columns of shop.orders: note,
                                              amount
                ok      stream of_another_such_schema.items
                """.lines().toList()));
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 61, 72, 80, 100, 119, 120, 200})
    void noLineIsLongerThanTheTerminalIsWide(int columns) {
        TextTable table = TextTable.of(List.of(LEFT, LEFT, LEFT), "", "check", "found");
        table.add("ok", "stream 受注", "受注 は 読める。" + " 受注 は 読める。".repeat(12));
        table.add("FAILED", "stream a_schema_with_a_name.orders", SENTENCE);

        assertThat(
                table.lines(columns).stream().map(TextTable::width).toList(),
                everyItem(is(lessThanOrEqualTo(columns))));
        assertThat(
                String.join("", table.lines(columns)).replaceAll("[- ]", ""),
                is(String.join("", table.lines()).replaceAll("[- ]", "")));
    }
}
