// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/**
 * Puts values into the text of a scalar: <code>${NAME}</code> and <code>${NAME:-default}</code> from the environment
 * (the default also stands in for an empty variable), <code>${file:/path}</code> from a file without its last line
 * break. <code>$${</code> stands for a literal <code>${</code>; any other dollar is itself.
 *
 * <p>It happens after the YAML was parsed, so that no character of a value can break the file, and what is put in is not
 * looked at again.
 */
final class Substitution {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    /** A secret is a line of text; something larger is the wrong file. */
    private static final long MAX_FILE_BYTES = 64 * 1024;

    private final UnaryOperator<String> environment;
    private final Path folder;

    /**
     * Prepares substitution.
     *
     * @param environment the value of a variable, or null when it is not set
     * @param folder what the path of a file is relative to
     */
    Substitution(UnaryOperator<String> environment, Path folder) {
        this.environment = environment;
        this.folder = folder;
    }

    /** Why a reference has no value; the message is a sentence for people. */
    static final class UnresolvedException extends Exception {
        private static final long serialVersionUID = 1L;

        UnresolvedException(String message) {
            super(message);
        }
    }

    /** Whether {@link #apply} would change the text. */
    static boolean concerns(String text) {
        return text.contains("${");
    }

    /** Returns the text with all references replaced. */
    String apply(String text) throws UnresolvedException {
        StringBuilder result = new StringBuilder(text.length());
        int from = 0;
        for (int open = text.indexOf("${"); open >= 0; open = text.indexOf("${", from)) {
            if (open > from && text.charAt(open - 1) == '$') {
                result.append(text, from, open - 1).append("${");
                from = open + 2;
                continue;
            }
            int close = text.indexOf('}', open);
            if (close < 0) {
                throw new UnresolvedException("'${' has no closing '}'; write '$${' for a literal '${'");
            }
            result.append(text, from, open).append(resolve(text.substring(open + 2, close)));
            from = close + 1;
        }
        return result.append(text, from, text.length()).toString();
    }

    private String resolve(String reference) throws UnresolvedException {
        if (reference.startsWith("file:")) {
            return contents(reference.substring("file:".length()));
        }
        int dash = reference.indexOf(":-");
        String name = dash < 0 ? reference : reference.substring(0, dash);
        if (!NAME.matcher(name).matches()) {
            // What stands behind the name may be the default of a secret.
            throw new UnresolvedException("'${" + name + (dash < 0 ? "" : ":-...")
                    + "}' is no reference; expected ${NAME}, ${NAME:-default} or ${file:/path}");
        }
        String value = environment.apply(name);
        if (dash >= 0) {
            return value == null || value.isEmpty() ? reference.substring(dash + 2) : value;
        }
        if (value == null) {
            String meant = Suggestions.slips(name).stream()
                    .filter(each -> environment.apply(each) != null)
                    .findFirst()
                    .map(each -> "; did you mean '" + each + "', which is?")
                    .orElse("; set it, or write ${" + name + ":-default} to give it a default");
            throw new UnresolvedException("the environment variable " + name + " is not set" + meant);
        }
        return value;
    }

    private String contents(String name) throws UnresolvedException {
        Path path = folder.resolve(name);
        try {
            if (Files.exists(path) && Files.size(path) > MAX_FILE_BYTES) {
                throw new UnresolvedException(
                        "the file " + path + " has " + Files.size(path) + " bytes, which is more than a secret has");
            }
            String text = Files.readString(path);
            return text.endsWith("\r\n")
                    ? text.substring(0, text.length() - 2)
                    : text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
        } catch (NoSuchFileException e) {
            throw new UnresolvedException("the file " + path + " does not exist");
        } catch (CharacterCodingException e) {
            throw new UnresolvedException("the file " + path + " is not UTF-8 text");
        } catch (IOException e) {
            throw new UnresolvedException("the file " + path + " cannot be read (" + e.getMessage() + ")");
        }
    }
}
