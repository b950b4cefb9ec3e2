// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.benchmarks.profile;

import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.types.NameCustomSection;
import com.dylibso.chicory.wasm.types.SectionId;
import io.rapidbyte.wasm.ConnectorModule;
import io.rapidbyte.wasm.Role;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which function of which connector a JVM method is. Connectors run as JVM classes whose methods are numbered; the modules keep the
 * functions' names. Immutable.
 */
public final class GuestNames {
    private static final String FOLDER = "META-INF/rapidbyte/modules/";
    private static final Pattern METHOD = Pattern.compile("(func|call)_(\\d+)");
    private static final String HOST_CALL = "callHostFunction";

    /** The classes that the compiler makes of a module, behind the name of the first. */
    private static final Pattern CLASS_SUFFIX = Pattern.compile("(FuncGroup_\\d+|Shaded|MachineCall)?");

    private record Code(String connector, Role role, NameCustomSection names) {}

    /** By the name of the class that the compiler made of the module, with dots. */
    private final Map<String, Code> codes;

    private GuestNames(Map<String, Code> codes) {
        this.codes = Collections.unmodifiableMap(codes);
    }

    /** Knows no connector. */
    public static GuestNames none() {
        return new GuestNames(Map.of());
    }

    /**
     * Knows the connectors on the class path.
     *
     * @throws IOException when they cannot be read
     */
    public static GuestNames ofBundled() throws IOException {
        Map<String, Code> codes = new LinkedHashMap<>();
        for (String name : bundledNames()) {
            ConnectorModule module = ConnectorModule.bundled(name);
            Code code = code(module);
            codes.put(classOfBundled(name), code);
            // Where the code on the class path cannot be used, the host compiles the module like any other.
            codes.put(classWhenCompiledByTheHost(module), code);
        }
        return new GuestNames(codes);
    }

    /** The same, and a connector that the host compiles itself. */
    public GuestNames with(ConnectorModule module) {
        Map<String, Code> more = new LinkedHashMap<>(codes);
        more.put(classWhenCompiledByTheHost(module), code(module));
        return new GuestNames(more);
    }

    /**
     * What a JVM method is to a connector; empty for a method that belongs to none.
     *
     * @param className with dots or slashes
     * @param method without its parameters
     */
    public Optional<GuestFrame> find(String className, String method) {
        String dotted = className.replace('/', '.');
        return codes.entrySet().stream()
                .filter(entry -> isClassOf(entry.getKey(), dotted))
                .findFirst()
                .map(entry -> frame(entry.getValue(), method));
    }

    private static boolean isClassOf(String machine, String className) {
        return className.startsWith(machine)
                && CLASS_SUFFIX.matcher(className.substring(machine.length())).matches();
    }

    private static GuestFrame frame(Code code, String method) {
        Matcher numbered = METHOD.matcher(method);
        if (!numbered.matches()) {
            GuestFrame.Kind kind = method.equals(HOST_CALL) ? GuestFrame.Kind.HOST_CALL : GuestFrame.Kind.SUPPORT;
            return new GuestFrame(code.connector, code.role, kind, code.connector + "." + method);
        }
        String mangled = code.names == null ? null : code.names.nameOfFunction(Integer.parseInt(numbered.group(2)));
        // A function without a name, and the way into one from outside, still tell whose they are.
        if (mangled == null || numbered.group(1).equals("call")) {
            GuestFrame.Kind kind =
                    numbered.group(1).equals("call") ? GuestFrame.Kind.SUPPORT : GuestFrame.Kind.FUNCTION;
            return new GuestFrame(code.connector, code.role, kind, code.connector + "." + method);
        }
        // Semicolons, which array types have, end a frame in a collapsed stack.
        String name = RustNames.demangle(mangled).replace(';', ',');
        return new GuestFrame(code.connector, code.role, GuestFrame.Kind.FUNCTION, name);
    }

    private static Code code(ConnectorModule module) {
        Parser parser = Parser.builder()
                .includeSectionId(SectionId.CUSTOM)
                .withValidation(false)
                .build();
        byte[] wasm = module.bytes();
        NameCustomSection[] names = new NameCustomSection[1];
        parser.parse(new ByteArrayInputStream(wasm), section -> {
            if (section instanceof NameCustomSection found) {
                names[0] = found;
            }
        });
        return new Code(module.name(), module.manifest().role(), names[0]);
    }

    private static String classWhenCompiledByTheHost(ConnectorModule module) {
        return "io.rapidbyte.wasm.compiled." + module.name().replace('-', '_') + "_"
                + module.sha256().substring(0, 8);
    }

    private static String classOfBundled(String name) throws IOException {
        Properties properties = new Properties();
        try (InputStream in = loader().getResourceAsStream(FOLDER + name + ".properties")) {
            if (in == null) {
                throw new IOException("The connector " + name + " was not compiled in the build it comes from: "
                        + FOLDER + name + ".properties is not on the class path.");
            }
            properties.load(in);
        }
        return properties.getProperty("class") + "Machine";
    }

    private static Iterable<String> bundledNames() throws IOException {
        TreeSet<String> names = new TreeSet<>();
        List<URL> indexes = Collections.list(loader().getResources(FOLDER + "index"));
        for (URL index : indexes) {
            try (BufferedReader lines =
                    new BufferedReader(new InputStreamReader(index.openStream(), StandardCharsets.UTF_8))) {
                lines.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(names::add);
            }
        }
        return names;
    }

    private static ClassLoader loader() {
        return GuestNames.class.getClassLoader();
    }
}
