// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm.conformance;

/** What a message to a person looks like. */
final class Sentences {
    private static final int FEWEST_WORDS = 3;

    private Sentences() {}

    /** Whether a text has the words of a sentence. */
    static boolean isOne(String text) {
        return text.strip().split("\\s+").length >= FEWEST_WORDS;
    }

    /** A number with what it counts. */
    static String count(long number, String singular, String plural) {
        return number + " " + (number == 1 ? singular : plural);
    }
}
