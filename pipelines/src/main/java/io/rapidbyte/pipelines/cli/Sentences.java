// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.cli;

import java.util.ArrayList;
import java.util.List;

/** Text for people, broken into lines. */
final class Sentences {
    private Sentences() {}

    /** Breaks a text between words, so that no line is longer than this; a word that is stands alone. */
    static List<String> wrapped(String text, int columns) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.strip().split(" +")) {
            if (!line.isEmpty() && TextTable.width(line.toString()) + 1 + TextTable.width(word) > columns) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
