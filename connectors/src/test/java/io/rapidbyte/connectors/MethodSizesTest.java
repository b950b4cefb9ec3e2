// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.connectors;

import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;

import com.dylibso.chicory.wasm.Parser;
import com.dylibso.chicory.wasm.WasmModule;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.commons.CodeSizeEvaluator;

/**
 * HotSpot never compiles a method of more than 8,000 bytes of bytecode: it stays in the JVM's interpreter and is tens of times
 * slower. A guest function that grows beyond that would make a connector slow without any other sign.
 */
class MethodSizesTest {
    private static final int HOTSPOT_LIMIT = 8_000;
    private static final String FUNCTION = "func_";

    /**
     * Functions that may be large because they run only a few times for a call, a connection or a batch, never for a row or
     * a block of bytes. Parts of the names in the module.
     */
    private static final Set<String> COLD = Set.of(
            // Lifecycle calls, their JSON and their errors: once each.
            "rb_open",
            "rb_check",
            "rb_discover",
            "rb_plan",
            "rb_read",
            "rb_apply",
            "rb_write",
            "rb_finalize",
            "rb_teardown",
            "rapidbyte_sdk6export",
            "rapidbyte_sdk5error",
            "DeserializeSeed$GT$11deserialize",
            "serde..de..Visitor$GT$9visit_map",
            "serde..de..Visitor$GT$10visit_enum",
            // The identities of a commit's batches are sorted, once for a commit.
            "core5slice4sort7recurse",
            // Once for a stream.
            "source_postgres4plan11plan_stream",
            "source_postgres9read_plan8ReadPlan6digest",
            "source_postgres7resolve4find",
            "source_postgres7catalog4load",
            "dest_postgres7catalog10find_table",
            "type_catalog11TypeCatalog4load",
            "source_postgres11incremental7bounded",
            "source_postgres11incremental10subject_of",
            "dest_postgres6wanted14wanted_columns",
            "dest_postgres9type_name8TypeName5parse",
            // Once for a write call, with a turn of its loop for a batch; rows are encoded in functions of their own.
            "dest_postgres5write3run",
            "dest_postgres..PostgresDestination$u20$as$u20$rapidbyte_sdk..connector..Destination$GT$5write",
            // Messages other than those of COPY, which have a way of their own.
            "postgres10connection19Connection$LT$T$GT$7receive",
            "postgres..connection..Connection$LT$T$GT$$GT$7connect",
            // The first and the last step of a login; the thousands of rounds between them are in small functions.
            "authenticate11begin_scram",
            "ScramSha2566update",
            // Numbers in messages for people.
            "core3fmt5float");

    @ParameterizedTest
    @MethodSource("io.rapidbyte.connectors.CompiledModules#names")
    void everyHotFunctionIsSmallEnoughForHotSpot(String name) {
        WasmModule wasm = Parser.parse(CompiledModules.wasm(name));
        String machine = CompiledModules.properties(name).getProperty("class") + "Machine";
        List<String> tooLarge = new ArrayList<>();
        int groups = 0;
        byte[] group;
        while ((group = CompiledModules.classFile(machine + "FuncGroup_" + groups)) != null) {
            groups++;
            collect(group, wasm, tooLarge);
        }
        assertThat("classes of functions were found", groups > 0);
        assertThat(
                name + ": split these functions, or list them as cold if they are (bytes of bytecode behind each)",
                tooLarge,
                empty());
    }

    private static void collect(byte[] classFile, WasmModule wasm, List<String> tooLarge) {
        new ClassReader(classFile)
                .accept(
                        new ClassVisitor(Opcodes.ASM9) {
                            @Override
                            public MethodVisitor visitMethod(
                                    int access, String method, String type, String signature, String[] exceptions) {
                                return new CodeSizeEvaluator(null) {
                                    @Override
                                    public void visitEnd() {
                                        if (getMinSize() > HOTSPOT_LIMIT && !isCold(functionName(wasm, method))) {
                                            tooLarge.add(functionName(wasm, method) + ": " + getMinSize());
                                        }
                                    }
                                };
                            }
                        },
                        0);
    }

    private static boolean isCold(String function) {
        return COLD.stream().anyMatch(function::contains);
    }

    private static String functionName(WasmModule wasm, String method) {
        if (!method.startsWith(FUNCTION) || wasm.nameSection() == null) {
            return method;
        }
        String name = wasm.nameSection().nameOfFunction(Integer.parseInt(method.substring(FUNCTION.length())));
        return name == null ? method : name;
    }
}
