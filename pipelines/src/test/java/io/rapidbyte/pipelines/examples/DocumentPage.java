// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.examples;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A page of the documents, as the blocks of code in it.
 *
 * @param path where it is
 * @param blocks in their order
 */
record DocumentPage(Path path, List<Block> blocks) {
    private static final String NOT_RUN = "<!-- not run here -->\n";
    private static final Pattern BLOCKS =
            Pattern.compile("^```(\\w+)\\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
    private static final Pattern FILE_NAMES = Pattern.compile("`([a-z_]+\\.yaml)`");

    /**
     * A block of code.
     *
     * @param language the word behind its fence
     * @param text what is in it
     * @param file the pipeline file that was named last before it, or null
     * @param line where it begins, for whoever looks for it
     */
    record Block(String language, String text, String file, long line) {}

    /** Reads a page; blocks that are marked not to be run are left out. */
    static DocumentPage read(Path path) throws IOException {
        String text = Files.readString(path);
        List<Block> blocks = new ArrayList<>();
        Matcher matcher = BLOCKS.matcher(text);
        while (matcher.find()) {
            String before = text.substring(0, matcher.start());
            if (!before.endsWith(NOT_RUN)) {
                blocks.add(new Block(
                        matcher.group(1),
                        matcher.group(2),
                        lastFile(before),
                        before.lines().count() + 1));
            }
        }
        return new DocumentPage(path, blocks);
    }

    private static String lastFile(String text) {
        Matcher names = FILE_NAMES.matcher(text);
        String last = null;
        while (names.find()) {
            last = names.group(1);
        }
        return last;
    }
}
