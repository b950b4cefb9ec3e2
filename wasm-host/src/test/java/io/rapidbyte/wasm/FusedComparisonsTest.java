// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import static io.rapidbyte.wasm.WasmAssembler.END;
import static io.rapidbyte.wasm.WasmAssembler.I32_CONST;
import static io.rapidbyte.wasm.WasmAssembler.LOCAL_GET;
import static io.rapidbyte.wasm.WasmAssembler.concat;
import static io.rapidbyte.wasm.WasmAssembler.signedLeb;
import static org.hamcrest.MatcherAssert.assertThat;
import static org.hamcrest.Matchers.empty;
import static org.hamcrest.Matchers.is;

import com.dylibso.chicory.runtime.ExportFunction;
import com.dylibso.chicory.runtime.Instance;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Modules are compiled and run as the host does it. */
class FusedComparisonsTest {
    private static final int[] NUMBERS = {
        0,
        1,
        2,
        5,
        6,
        11,
        127,
        128,
        255,
        32767,
        32768,
        65536,
        Integer.MAX_VALUE - 1,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Integer.MIN_VALUE + 1,
        -65588,
        -32769,
        -32768,
        -129,
        -128,
        -2,
        -1
    };

    /** 8 bytes of code each as the compiler makes them, 5 more where the branch is a long one, and 6 more when it is fused. */
    private static final int COMPARISONS_OF_A_LARGE_FUNCTION = 5_500;

    private static final int BLOCK = 0x02;
    private static final int IF = 0x04;
    private static final int ELSE = 0x05;
    private static final int BRANCH_IF = 0x0D;
    private static final int RETURN = 0x0F;
    private static final int SELECT = 0x1B;
    private static final int LOCAL_TEE = 0x22;
    private static final int EQZ = 0x45;
    private static final int GT_U = 0x4B;
    private static final int LT_U = 0x49;
    private static final int I32_ADD = 0x6A;
    private static final int I32_SUB = 0x6B;
    private static final int I32_LOAD = 0x28;
    private static final int LOOP = 0x03;
    private static final int DROP = 0x1A;
    private static final int LOCAL_SET = 0x21;
    private static final int NO_RESULT = 0x40;
    private static final int I32 = 0x7F;

    /** An operator with its opcode. */
    private enum Operator {
        EQ(0x46) {
            @Override
            boolean of(int a, int b) {
                return a == b;
            }
        },
        NE(0x47) {
            @Override
            boolean of(int a, int b) {
                return a != b;
            }
        },
        LT_S(0x48) {
            @Override
            boolean of(int a, int b) {
                return a < b;
            }
        },
        LT_U(0x49) {
            @Override
            boolean of(int a, int b) {
                return Integer.toUnsignedLong(a) < Integer.toUnsignedLong(b);
            }
        },
        GT_S(0x4A) {
            @Override
            boolean of(int a, int b) {
                return a > b;
            }
        },
        GT_U(0x4B) {
            @Override
            boolean of(int a, int b) {
                return Integer.toUnsignedLong(a) > Integer.toUnsignedLong(b);
            }
        },
        LE_S(0x4C) {
            @Override
            boolean of(int a, int b) {
                return a <= b;
            }
        },
        LE_U(0x4D) {
            @Override
            boolean of(int a, int b) {
                return Integer.toUnsignedLong(a) <= Integer.toUnsignedLong(b);
            }
        },
        GE_S(0x4E) {
            @Override
            boolean of(int a, int b) {
                return a >= b;
            }
        },
        GE_U(0x4F) {
            @Override
            boolean of(int a, int b) {
                return Integer.toUnsignedLong(a) >= Integer.toUnsignedLong(b);
            }
        };

        private final int opcode;

        Operator(int opcode) {
            this.opcode = opcode;
        }

        abstract boolean of(int a, int b);
    }

    /** What may stand behind a comparison; each leaves 1 when it came out true and 0 when not. */
    private static final Map<String, int[]> USES = new TreeMap<>(Map.of(
            "value",
            new int[] {},
            "kept",
            new int[] {LOCAL_TEE, 0, IF, I32, LOCAL_GET, 0, ELSE, I32_CONST, 0, END},
            "if",
            new int[] {IF, I32, I32_CONST, 1, ELSE, I32_CONST, 0, END},
            "negated if",
            new int[] {EQZ, IF, I32, I32_CONST, 0, ELSE, I32_CONST, 1, END},
            "negated twice",
            new int[] {EQZ, EQZ, IF, I32, I32_CONST, 1, ELSE, I32_CONST, 0, END},
            "negated value",
            new int[] {EQZ, EQZ},
            "branch",
            new int[] {BRANCH_IF, 0, I32_CONST, 0, RETURN, END, I32_CONST, 1},
            "negated branch",
            new int[] {EQZ, BRANCH_IF, 0, I32_CONST, 1, RETURN, END, I32_CONST, 0}));

    @Test
    void everyComparisonOfTwoNumbersIsRight() {
        WasmAssembler assembler = WasmAssembler.source();
        for (Operator operator : Operator.values()) {
            USES.forEach((use, code) -> assembler.export(
                    operator + " " + use,
                    "ii",
                    "i",
                    function(code, bytes(LOCAL_GET, 0, LOCAL_GET, 1, operator.opcode))));
        }
        Instance instance = instance(assembler);
        List<String> wrong = new ArrayList<>();
        for (Operator operator : Operator.values()) {
            for (String use : USES.keySet()) {
                ExportFunction function = instance.export(operator + " " + use);
                for (int a : NUMBERS) {
                    for (int b : NUMBERS) {
                        if (function.apply(a, b)[0] != (operator.of(a, b) ? 1 : 0)) {
                            wrong.add(a + " " + operator + " " + b + " as " + use);
                        }
                    }
                }
            }
        }
        assertThat(wrong, empty());
    }

    @Test
    void everyComparisonWithAConstantIsRight() {
        WasmAssembler assembler = WasmAssembler.source();
        for (Operator operator : Operator.values()) {
            for (int constant : NUMBERS) {
                byte[] pushed = concat(bytes(LOCAL_GET, 0, I32_CONST), signedLeb(constant));
                USES.forEach((use, code) -> assembler.export(
                        operator + " " + constant + " " + use,
                        "i",
                        "i",
                        function(code, concat(pushed, bytes(operator.opcode)))));
            }
        }
        Instance instance = instance(assembler);
        List<String> wrong = new ArrayList<>();
        for (Operator operator : Operator.values()) {
            for (int constant : NUMBERS) {
                for (String use : USES.keySet()) {
                    ExportFunction function = instance.export(operator + " " + constant + " " + use);
                    for (int a : NUMBERS) {
                        if (function.apply(a)[0] != (operator.of(a, constant) ? 1 : 0)) {
                            wrong.add(a + " " + operator + " constant " + constant + " as " + use);
                        }
                    }
                }
            }
        }
        assertThat(wrong, empty());
    }

    @Test
    void everyNumberIsZeroOrNot() {
        WasmAssembler assembler = WasmAssembler.source();
        USES.forEach((use, code) -> assembler.export(use, "i", "i", function(code, bytes(LOCAL_GET, 0, EQZ))));
        Instance instance = instance(assembler);
        for (String use : USES.keySet()) {
            for (int a : NUMBERS) {
                assertThat(use + " of " + a, instance.export(use).apply(a)[0], is(a == 0 ? 1L : 0L));
            }
        }
    }

    /**
     * As an allocator begins: a size that is too large is refused, a small one rounded up. Neither has ever happened when the code is compiled,
     * so that C2 leaves the compiled code for both in one place; without the rewriting Java 17 then takes the small size for the large one.
     */
    @Test
    void theSecondOfTwoBranchesIsTakenWhenItIsTheSecondsConditionThatComesTrue() {
        // C2 rearranges branches when there is a loop, here one over memory.
        int[] loop = {
            LOOP, NO_RESULT, LOCAL_GET, 1, I32_LOAD, 2, 0, DROP, LOCAL_GET, 1, I32_CONST, 4, I32_SUB, LOCAL_TEE, 1,
            BRANCH_IF, 0, END
        };
        byte[] code = concat(
                concat(bytes(BLOCK, NO_RESULT, LOCAL_GET, 0, I32_CONST), signedLeb(-65588)),
                concat(
                        bytes(
                                GT_U, BRANCH_IF, 0, I32_CONST, 16, LOCAL_GET, 0, LOCAL_GET, 0, I32_CONST, 11, LT_U,
                                SELECT, LOCAL_SET, 0),
                        concat(bytes(loop), bytes(LOCAL_GET, 0, RETURN, END, I32_CONST, 0))));
        // Elsewhere both comparisons come out either way.
        byte[] others = bytes(LOCAL_GET, 0, I32_CONST, 50, GT_U, LOCAL_GET, 0, I32_CONST, 60, LT_U, I32_ADD);
        Instance instance = instance(
                WasmAssembler.source().export("rounded", "ii", "i", code).export("others", "i", "i", others));
        ExportFunction rounded = instance.export("rounded");
        ExportFunction other = instance.export("others");
        for (int call = 0; call < 1_000_000; call++) {
            other.apply(call % 100);
            rounded.apply(100 + call % 100, 12);
        }
        assertThat(rounded.apply(8, 12)[0], is(16L));
        assertThat(rounded.apply(-1, 12)[0], is(0L));
    }

    /** What the compiler made of it is a JVM method; with the longer instructions it is not any more. */
    @Test
    void aFunctionThatBecomesTooLargeIsInterpreted() {
        int[] comparison = {LOCAL_GET, 0, LOCAL_GET, 1, LT_U, BRANCH_IF, 0};
        byte[] code = bytes(BLOCK, NO_RESULT);
        for (int i = 0; i < COMPARISONS_OF_A_LARGE_FUNCTION; i++) {
            code = concat(code, bytes(comparison));
        }
        code = concat(code, bytes(I32_CONST, 0, RETURN, END, I32_CONST, 1));
        Instance instance = instance(WasmAssembler.source().export("large", "ii", "i", code));

        assertThat(instance.export("large").apply(1, 2)[0], is(1L));
        assertThat(instance.export("large").apply(2, 1)[0], is(0L));
    }

    private static Instance instance(WasmAssembler assembler) {
        LoadedModule loaded = new CompilingEngine(null).load(assembler.module());
        return Instance.builder(loaded.wasm())
                .withMachineFactory(loaded.machines())
                .withMemoryFactory(LinearMemory::new)
                .build();
    }

    /** Uses that branch need a block around them to branch out of. */
    private static byte[] function(int[] use, byte[] comparison) {
        boolean branches = use.length > 0 && (use[0] == BRANCH_IF || use.length > 1 && use[1] == BRANCH_IF);
        byte[] start = branches ? bytes(BLOCK, NO_RESULT) : new byte[0];
        return concat(start, concat(comparison, bytes(use)));
    }

    private static byte[] bytes(int... code) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int part : code) {
            out.write(part);
        }
        return out.toByteArray();
    }
}
