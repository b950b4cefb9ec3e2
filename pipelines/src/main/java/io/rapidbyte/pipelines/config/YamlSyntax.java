// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.reader.ReaderException;

/** Says what keeps a text from being YAML, for people who do not know how a parser works. */
final class YamlSyntax {
    private YamlSyntax() {}

    /** Returns the problem. It shows nothing of the file, in which there may be secrets. */
    static ConfigProblem problem(String file, JsonProcessingException e) {
        MarkedYAMLException marked = cause(e, MarkedYAMLException.class);
        String message = marked != null ? sentence(marked) : sentence(e);
        return new ConfigProblem(file, location(e, marked), "", "not valid YAML: " + message);
    }

    private static Location location(JsonProcessingException e, MarkedYAMLException marked) {
        if (marked != null && marked.getProblemMark() != null) {
            Mark mark = marked.getProblemMark();
            return new Location(mark.getLine() + 1, mark.getColumn() + 1);
        }
        JsonLocation at = e.getLocation();
        return at == null || at.getLineNr() < 1
                ? Location.START
                : new Location(at.getLineNr(), Math.max(1, at.getColumnNr()));
    }

    private static String sentence(MarkedYAMLException e) {
        String problem = String.valueOf(e.getProblem());
        if (problem.contains("\\t(TAB)")) {
            return "a tab stands where only spaces may; indent with spaces";
        }
        if (problem.contains("expected <block end>")) {
            return "this line is not indented as the lines above; let the fields of a mapping and the entries of a list begin in"
                    + " one column each";
        }
        if (problem.contains("mapping values are not allowed")) {
            return "a ':' stands where no value can begin; check the indentation, and put a text that holds ': ' in quotes";
        }
        if (problem.contains("could not find expected ':'")) {
            return "the ':' behind a field's name is missing, or a quote that was opened is not closed";
        }
        return line((e.getContext() == null ? "" : e.getContext() + ", ") + problem);
    }

    private static String sentence(JsonProcessingException e) {
        ReaderException unprintable = cause(e, ReaderException.class);
        if (unprintable != null) {
            return "the file holds the character U+%04X, which no text may; is it a text file?"
                    .formatted(unprintable.getCodePoint());
        }
        String message = e.getOriginalMessage().lines().findFirst().orElse("it cannot be parsed");
        return message.startsWith("Expected a field name")
                ? "the name of a field must be plain text, and here stands a mapping or a list"
                : line(message);
    }

    private static String line(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    private static <T> T cause(Throwable thrown, Class<T> type) {
        for (Throwable each = thrown; each != null; each = each.getCause()) {
            if (type.isInstance(each)) {
                return type.cast(each);
            }
        }
        return null;
    }
}
