// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.util.ArrayList;
import java.util.List;

/** JSON pointers (RFC 6901), which address values in a document, and how they are shown to people. */
final class FieldPath {
    private FieldPath() {}

    /** Returns the pointer of a member or an element of the value at {@code pointer}. */
    static String child(String pointer, String name) {
        return pointer + "/" + name.replace("~", "~0").replace("/", "~1");
    }

    /** Returns the pointer of the value that holds the one at {@code pointer}; the root holds itself. */
    static String parent(String pointer) {
        int slash = pointer.lastIndexOf('/');
        return slash < 0 ? "" : pointer.substring(0, slash);
    }

    /** Returns the names and numbers a pointer goes through. */
    static List<String> steps(String pointer) {
        List<String> steps = new ArrayList<>();
        if (!pointer.isEmpty()) {
            for (String step : pointer.substring(1).split("/", -1)) {
                steps.add(step.replace("~1", "/").replace("~0", "~"));
            }
        }
        return steps;
    }

    /** Returns a pointer in the notation of the documentation: {@code source.streams[0].name}. */
    static String display(String pointer) {
        StringBuilder shown = new StringBuilder();
        for (String step : steps(pointer)) {
            if (!step.isEmpty() && step.chars().allMatch(Character::isDigit)) {
                shown.append('[').append(step).append(']');
            } else {
                shown.append(shown.isEmpty() ? "" : ".").append(step);
            }
        }
        return shown.toString().replaceAll("\\p{Cntrl}+", " ");
    }
}
