// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.equalTo;
import static org.hamcrest.Matchers.is;
import static org.hamcrest.Matchers.notNullValue;

import com.dylibso.chicory.compiler.internal.ByteClassCollector;
import com.dylibso.chicory.compiler.internal.Compiler;
import com.dylibso.chicory.wasm.Parser;
import io.rapidbyte.connectors.CompiledModules;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The classes that were compiled ahead of time belong to the modules beside them. */
class AheadOfTimeTest {

    @ParameterizedTest
    @MethodSource("io.rapidbyte.connectors.CompiledModules#names")
    void theHashNamesTheModule(String name) throws NoSuchAlgorithmException {
        Properties properties = CompiledModules.properties(name);
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(CompiledModules.wasm(name));
        assertThat(properties.getProperty("sha256"), equalTo(HexFormat.of().formatHex(hash)));
        assertThat(properties.getProperty("compiler"), equalTo(CompilingEngine.COMPILER));
    }

    /** A hash beside the classes says nothing of the classes: compiling the module again does. */
    @ParameterizedTest
    @MethodSource("io.rapidbyte.connectors.CompiledModules#names")
    void theClassesAreWhatTheModuleCompilesTo(String name) {
        String machine = CompiledModules.properties(name).getProperty("class") + "Machine";
        Map<String, byte[]> compiled = Compiler.builder(Parser.parse(CompiledModules.wasm(name)))
                .withClassName(machine)
                .withClassCollectorFactory(ByteClassCollector::new)
                .build()
                .compile()
                .classBytes();
        compiled.forEach((className, bytes) -> {
            byte[] bundled = CompiledModules.classFile(className);
            assertThat(className + " is not on the class path", bundled, is(notNullValue()));
            assertThat(
                    className + " was compiled from another module",
                    Arrays.equals(bundled, FusedComparisons.rewrite(bytes)),
                    is(true));
        });
    }
}
