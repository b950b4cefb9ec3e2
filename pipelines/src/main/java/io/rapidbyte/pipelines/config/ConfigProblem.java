// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import static java.util.Objects.requireNonNull;

/**
 * One thing that is wrong with a pipeline file.
 *
 * @param file the file as the user named it
 * @param location where in the file
 * @param field the path of the field, such as {@code source.streams[0].name}; empty for the file as a whole
 * @param message what was expected, what was found and what to do, without a line break; never a secret
 */
public record ConfigProblem(String file, Location location, String field, String message) {
    public ConfigProblem {
        requireNonNull(file, "file");
        requireNonNull(location, "location");
        requireNonNull(field, "field");
        requireNonNull(message, "message");
    }

    /** Returns the line that is shown: {@code file:line:column: field: message}. */
    @Override
    public String toString() {
        String place = file + ":" + location.line() + ":" + location.column() + ": ";
        return field.isEmpty() ? place + message : place + field + ": " + message;
    }
}
