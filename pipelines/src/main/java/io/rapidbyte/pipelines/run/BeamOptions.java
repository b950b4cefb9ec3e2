// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.pipelines.run;

import io.rapidbyte.pipelines.config.Suggestions;
import java.beans.Introspector;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.beam.sdk.options.PipelineOptions;
import org.apache.beam.sdk.options.PipelineOptionsFactory;

/**
 * Options that a user gives to Beam and its runner: {@code --name=value}, and {@code --name} for a switch. Which there are is said by the
 * archives on the class path.
 */
public final class BeamOptions {
    private static final String PREFIX = "--";

    private final List<String> arguments;

    private BeamOptions(List<String> arguments) {
        this.arguments = arguments;
    }

    /** Thrown when Beam does not take an option; the message is a sentence for people. */
    public static final class RefusedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        RefusedException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Loading all options of Beam takes a while; most runs need none of them. */
    private static final class Known {
        private static final Map<String, Class<?>> TYPES = types();

        private static Map<String, Class<?>> types() {
            Map<String, Class<?>> types = new TreeMap<>();
            for (Class<? extends PipelineOptions> options : PipelineOptionsFactory.getRegisteredOptions()) {
                for (Method method : options.getMethods()) {
                    property(method).ifPresent(name -> types.put(name, method.getReturnType()));
                }
            }
            return types;
        }

        private static Optional<String> property(Method method) {
            if (method.getParameterCount() > 0 || Modifier.isStatic(method.getModifiers())) {
                return Optional.empty();
            }
            String name = method.getName();
            int prefix = name.startsWith("get") ? 3 : name.startsWith("is") ? 2 : 0;
            return prefix == 0 || name.length() == prefix
                    ? Optional.empty()
                    : Optional.of(Introspector.decapitalize(name.substring(prefix)));
        }
    }

    /**
     * Whether an argument of a command line is meant for Beam: it has the form of a long option, and its name is that of an option of Beam.
     */
    public static boolean isKnown(String argument) {
        return argument.startsWith(PREFIX) && Known.TYPES.containsKey(name(argument));
    }

    /**
     * The options, after a look at each.
     *
     * @throws RefusedException when one has no such form, when Beam does not know it, or when it has no value and needs one
     */
    public static BeamOptions of(List<String> arguments) {
        arguments.forEach(BeamOptions::requireValid);
        return new BeamOptions(List.copyOf(arguments));
    }

    /** Whether a value is given for an option. */
    boolean has(String name) {
        return arguments.stream().anyMatch(each -> name(each).equals(name));
    }

    /**
     * Returns them as Beam reads them.
     *
     * @param defaults options as on a command line, of which those hold that were not given
     * @throws RefusedException when Beam does not take them
     */
    PipelineOptions create(List<String> defaults) {
        if (arguments.isEmpty() && defaults.isEmpty()) {
            return PipelineOptionsFactory.create();
        }
        List<String> all = new ArrayList<>(arguments);
        defaults.stream().filter(each -> !has(name(each))).forEach(all::add);
        try {
            return PipelineOptionsFactory.fromArgs(all.toArray(String[]::new))
                    .withValidation()
                    .create();
        } catch (IllegalArgumentException e) {
            throw new RefusedException(
                    "Beam does not take its options: "
                            + String.valueOf(e.getMessage()).replaceAll("\\s*\\R\\s*", " "),
                    e);
        }
    }

    private static void requireValid(String argument) {
        if (!argument.startsWith(PREFIX) || name(argument).isEmpty()) {
            throw new RefusedException(
                    "'" + argument + "' is no option of Beam: each is one word, --name=value.", null);
        }
        String name = name(argument);
        if (name.equals("runner")) {
            throw new RefusedException(
                    "The runner is chosen with --runner before the --, not among Beam's options.", null);
        }
        if (name.equals("blockOnRun")) {
            throw new RefusedException(
                    "--blockOnRun cannot be chosen: a run always ends before its command does.", null);
        }
        Class<?> type = Known.TYPES.get(name);
        if (type == null) {
            String meant = Suggestions.closest(name, Known.TYPES.keySet())
                    .map(closest -> "; did you mean --" + closest + "?")
                    .orElse(". A runner's options are there with the runner only: --runner flink, for instance.");
            throw new RefusedException("Beam has no option --" + name + meant, null);
        }
        boolean isSwitch = type == boolean.class || type == Boolean.class;
        if (!argument.contains("=") && !isSwitch) {
            throw new RefusedException(
                    "Beam's option --" + name + " needs a value in the same word: --" + name + "=value.", null);
        }
    }

    private static String name(String argument) {
        int end = argument.indexOf('=');
        return argument.substring(PREFIX.length(), end < 0 ? argument.length() : end);
    }
}
