// SPDX-License-Identifier: Apache-2.0
package io.rapidbyte.wasm;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.jar.JarEntry;
import java.util.jar.JarInputStream;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/**
 * Rewrites the code that the compiler made of a module so that HotSpot executes its branches as they are written.
 *
 * <p>The compiler turns {@code i32.lt_u; br_if} into a call of a method that returns 0 or 1, and a branch by that number. HotSpot's C2 may
 * fuse two such branches that test one value, when neither was ever taken, into one that leaves the compiled code; the number that
 * the interpreter then goes on with is the first branch's, also when it was the second's condition that came true (JDK-8376400, in all
 * versions without its fix; Java 17 shows it with every unsigned comparison). An allocation of a guest would now and then come out as
 * refused, or a wrong branch be taken without any sign.
 *
 * <p>Here a comparison and the branch behind it become one instruction, whose operands are what the interpreter goes on with, whichever
 * condition it was. Comparisons whose result is not branched by at once are computed without a branch. Only those of 32 bits are affected:
 * C2 fuses no others.
 *
 * <p>A file of its own without other classes of this package, because the build runs it as a single-file program over what it compiled ahead
 * of time.
 */
final class FusedComparisons {
    /** What code that was rewritten is marked with, where it is kept. */
    static final String MARK = "fused";

    private static final String OPCODES = "com/dylibso/chicory/runtime/OpcodeImpl";

    private FusedComparisons() {}

    /** A step of the build: rewrites the class files below the folders that are given. */
    public static void main(String[] folders) throws IOException {
        for (String folder : folders) {
            try (Stream<Path> files = Files.walk(Path.of(folder))) {
                for (Path file :
                        files.filter(path -> path.toString().endsWith(".class")).toList()) {
                    byte[] before = Files.readAllBytes(file);
                    byte[] after = rewrite(before);
                    if (after != before) {
                        Files.write(file, after);
                    }
                }
            }
        }
    }

    /** The archive of classes, as the compiler puts it together, with each of them rewritten. */
    static byte[] rewriteArchive(byte[] archive) {
        ByteArrayOutputStream rewritten = new ByteArrayOutputStream(archive.length);
        try (JarInputStream in = new JarInputStream(new ByteArrayInputStream(archive));
                JarOutputStream out = new JarOutputStream(rewritten)) {
            JarEntry entry;
            while ((entry = in.getNextJarEntry()) != null) {
                byte[] content = in.readAllBytes();
                out.putNextEntry(new JarEntry(entry.getName()));
                out.write(entry.getName().endsWith(".class") ? rewrite(content) : content);
                out.closeEntry();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The compiler's archive in memory cannot be read.", e);
        }
        return rewritten.toByteArray();
    }

    /** The class with its comparisons rewritten; the same array when it has none. */
    static byte[] rewrite(byte[] classFile) {
        ClassReader reader = new ClassReader(classFile);
        ClassWriter writer = new ClassWriter(reader, ClassWriter.COMPUTE_MAXS);
        Rewriter rewriter = new Rewriter(writer, reader.getClassName());
        reader.accept(rewriter, 0);
        return rewriter.changed ? writer.toByteArray() : classFile;
    }

    /** The comparisons of 32-bit numbers, by the names of the methods that compute them. */
    private enum Comparison {
        EQ(Opcodes.IF_ICMPEQ, false),
        NE(Opcodes.IF_ICMPNE, false),
        LT_S(Opcodes.IF_ICMPLT, false),
        GE_S(Opcodes.IF_ICMPGE, false),
        GT_S(Opcodes.IF_ICMPGT, false),
        LE_S(Opcodes.IF_ICMPLE, false),
        LT_U(Opcodes.IF_ICMPLT, true),
        GE_U(Opcodes.IF_ICMPGE, true),
        GT_U(Opcodes.IF_ICMPGT, true),
        LE_U(Opcodes.IF_ICMPLE, true),
        EQZ(Opcodes.IFEQ, false),
        NEZ(Opcodes.IFNE, false);

        private final int jump;
        private final boolean unsigned;

        Comparison(int jump, boolean unsigned) {
            this.jump = jump;
            this.unsigned = unsigned;
        }

        /** Null when the method computes something else. */
        static Comparison of(String owner, String method) {
            boolean known = owner.equals(OPCODES) || method.equals("i32_ge_u");
            if (!known || !method.regionMatches(true, 0, "I32_", 0, 4)) {
                return null;
            }
            return switch (method.substring(4).toUpperCase(Locale.ROOT)) {
                case "EQ" -> EQ;
                case "NE" -> NE;
                case "LT_S" -> LT_S;
                case "GE_S" -> GE_S;
                case "GT_S" -> GT_S;
                case "LE_S" -> LE_S;
                case "LT_U" -> LT_U;
                case "GE_U" -> GE_U;
                case "GT_U" -> GT_U;
                case "LE_U" -> LE_U;
                case "EQZ" -> EQZ;
                default -> null;
            };
        }

        /** The one that is true when this is not. */
        Comparison negated() {
            return switch (this) {
                case EQ -> NE;
                case NE -> EQ;
                case LT_S -> GE_S;
                case GE_S -> LT_S;
                case GT_S -> LE_S;
                case LE_S -> GT_S;
                case LT_U -> GE_U;
                case GE_U -> LT_U;
                case GT_U -> LE_U;
                case LE_U -> GT_U;
                case EQZ -> NEZ;
                case NEZ -> EQZ;
            };
        }

        boolean isUnary() {
            return this == EQZ || this == NEZ;
        }

        /** The jump that is taken when the operands are the other way around. */
        int swappedJump() {
            return switch (jump) {
                case Opcodes.IF_ICMPLT -> Opcodes.IF_ICMPGT;
                case Opcodes.IF_ICMPGT -> Opcodes.IF_ICMPLT;
                case Opcodes.IF_ICMPLE -> Opcodes.IF_ICMPGE;
                case Opcodes.IF_ICMPGE -> Opcodes.IF_ICMPLE;
                default -> jump;
            };
        }

        String helper() {
            return "is_" + name().toLowerCase(Locale.ROOT);
        }

        String descriptor() {
            return isUnary() ? "(I)I" : "(II)I";
        }
    }

    private static final class Rewriter extends ClassVisitor {
        private final String className;
        private final Set<Comparison> helpers = EnumSet.noneOf(Comparison.class);
        private boolean changed;

        Rewriter(ClassVisitor next, String className) {
            super(Opcodes.ASM9, next);
            this.className = className;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] exceptions) {
            return new BranchFuser(super.visitMethod(access, name, descriptor, signature, exceptions), this);
        }

        @Override
        public void visitEnd() {
            helpers.forEach(this::addHelper);
            super.visitEnd();
        }

        /** Adds a method that computes a comparison without a branch: the sign of a difference of 64 bits. */
        private void addHelper(Comparison comparison) {
            MethodVisitor code = super.visitMethod(
                    Opcodes.ACC_PRIVATE | Opcodes.ACC_STATIC | Opcodes.ACC_SYNTHETIC,
                    comparison.helper(),
                    comparison.descriptor(),
                    null,
                    null);
            code.visitCode();
            switch (comparison) {
                case EQ, NE, EQZ, NEZ -> {
                    code.visitVarInsn(Opcodes.ILOAD, 0);
                    if (!comparison.isUnary()) {
                        code.visitVarInsn(Opcodes.ILOAD, 1);
                        code.visitInsn(Opcodes.IXOR);
                    }
                    unsigned(code);
                    if (comparison == Comparison.EQ || comparison == Comparison.EQZ) {
                        code.visitInsn(Opcodes.LCONST_1);
                        code.visitInsn(Opcodes.LSUB);
                    } else {
                        code.visitInsn(Opcodes.LNEG);
                    }
                }
                case LT_S, LT_U, GE_S, GE_U -> difference(code, comparison.unsigned, 0, 1);
                default -> difference(code, comparison.unsigned, 1, 0);
            }
            code.visitIntInsn(Opcodes.BIPUSH, Long.SIZE - 1);
            code.visitInsn(Opcodes.LUSHR);
            code.visitInsn(Opcodes.L2I);
            switch (comparison) {
                case GE_S, GE_U, LE_S, LE_U -> {
                    code.visitInsn(Opcodes.ICONST_1);
                    code.visitInsn(Opcodes.IXOR);
                }
                default -> {}
            }
            code.visitInsn(Opcodes.IRETURN);
            code.visitMaxs(0, 0);
            code.visitEnd();
        }

        private static void difference(MethodVisitor code, boolean unsigned, int from, int what) {
            for (int operand : List.of(from, what)) {
                code.visitVarInsn(Opcodes.ILOAD, operand);
                if (unsigned) {
                    unsigned(code);
                } else {
                    code.visitInsn(Opcodes.I2L);
                }
            }
            code.visitInsn(Opcodes.LSUB);
        }

        private static void unsigned(MethodVisitor code) {
            code.visitInsn(Opcodes.I2L);
            code.visitLdcInsn(0xFFFF_FFFFL);
            code.visitInsn(Opcodes.LAND);
        }
    }

    /** Holds a constant and a comparison back until it is known what comes behind them. */
    private static final class BranchFuser extends MethodVisitor {
        private final Rewriter rewriter;

        /** The number that was pushed last, when it was not passed on yet. */
        private Integer constant;

        /** The comparison that was not passed on yet; its second operand is the constant when there is one. */
        private Comparison comparison;

        BranchFuser(MethodVisitor next, Rewriter rewriter) {
            super(Opcodes.ASM9, next);
            this.rewriter = rewriter;
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            Comparison found = opcode == Opcodes.INVOKESTATIC ? Comparison.of(owner, name) : null;
            if (found == null) {
                flush();
                super.visitMethodInsn(opcode, owner, name, descriptor, isInterface);
                return;
            }
            rewriter.changed = true;
            if (comparison != null && found == Comparison.EQZ) {
                comparison = comparison.negated();
                return;
            }
            if (comparison != null || found.isUnary()) {
                flush();
            }
            comparison = found;
        }

        @Override
        public void visitJumpInsn(int opcode, Label label) {
            if (comparison == null || (opcode != Opcodes.IFNE && opcode != Opcodes.IFEQ)) {
                flush();
                super.visitJumpInsn(opcode, label);
                return;
            }
            Comparison taken = opcode == Opcodes.IFNE ? comparison : comparison.negated();
            comparison = null;
            if (!taken.unsigned) {
                flush();
                super.visitJumpInsn(taken.jump, label);
                return;
            }
            // Unsigned numbers are in the order of signed ones when the sign of both is turned around.
            Integer second = constant;
            constant = null;
            super.visitLdcInsn(Integer.MIN_VALUE);
            super.visitInsn(Opcodes.IADD);
            if (second != null) {
                super.visitLdcInsn(second + Integer.MIN_VALUE);
                super.visitJumpInsn(taken.jump, label);
                return;
            }
            super.visitInsn(Opcodes.SWAP);
            super.visitLdcInsn(Integer.MIN_VALUE);
            super.visitInsn(Opcodes.IADD);
            super.visitJumpInsn(taken.swappedJump(), label);
        }

        /** Passes on what was held back. */
        private void flush() {
            if (constant != null) {
                push(constant);
                constant = null;
            }
            if (comparison != null) {
                rewriter.helpers.add(comparison);
                super.visitMethodInsn(
                        Opcodes.INVOKESTATIC, rewriter.className, comparison.helper(), comparison.descriptor(), false);
                comparison = null;
            }
        }

        private void push(int number) {
            if (number >= -1 && number <= 5) {
                super.visitInsn(Opcodes.ICONST_0 + number);
            } else if (number == (byte) number) {
                super.visitIntInsn(Opcodes.BIPUSH, number);
            } else if (number == (short) number) {
                super.visitIntInsn(Opcodes.SIPUSH, number);
            } else {
                super.visitLdcInsn(number);
            }
        }

        private void hold(int number) {
            flush();
            constant = number;
        }

        @Override
        public void visitInsn(int opcode) {
            if (opcode >= Opcodes.ICONST_M1 && opcode <= Opcodes.ICONST_5) {
                hold(opcode - Opcodes.ICONST_0);
                return;
            }
            flush();
            super.visitInsn(opcode);
        }

        @Override
        public void visitIntInsn(int opcode, int operand) {
            if (opcode == Opcodes.BIPUSH || opcode == Opcodes.SIPUSH) {
                hold(operand);
                return;
            }
            flush();
            super.visitIntInsn(opcode, operand);
        }

        @Override
        public void visitLdcInsn(Object value) {
            if (value instanceof Integer number) {
                hold(number);
                return;
            }
            flush();
            super.visitLdcInsn(value);
        }

        @Override
        public void visitVarInsn(int opcode, int variable) {
            flush();
            super.visitVarInsn(opcode, variable);
        }

        @Override
        public void visitTypeInsn(int opcode, String type) {
            flush();
            super.visitTypeInsn(opcode, type);
        }

        @Override
        public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            flush();
            super.visitFieldInsn(opcode, owner, name, descriptor);
        }

        @Override
        public void visitInvokeDynamicInsn(String name, String descriptor, Handle bootstrap, Object... arguments) {
            flush();
            super.visitInvokeDynamicInsn(name, descriptor, bootstrap, arguments);
        }

        @Override
        public void visitLabel(Label label) {
            flush();
            super.visitLabel(label);
        }

        @Override
        public void visitIincInsn(int variable, int increment) {
            flush();
            super.visitIincInsn(variable, increment);
        }

        @Override
        public void visitTableSwitchInsn(int min, int max, Label otherwise, Label... labels) {
            flush();
            super.visitTableSwitchInsn(min, max, otherwise, labels);
        }

        @Override
        public void visitLookupSwitchInsn(Label otherwise, int[] keys, Label[] labels) {
            flush();
            super.visitLookupSwitchInsn(otherwise, keys, labels);
        }

        @Override
        public void visitMultiANewArrayInsn(String descriptor, int dimensions) {
            flush();
            super.visitMultiANewArrayInsn(descriptor, dimensions);
        }

        @Override
        public void visitFrame(int type, int locals, Object[] local, int stack, Object[] stackTypes) {
            flush();
            super.visitFrame(type, locals, local, stack, stackTypes);
        }

        @Override
        public void visitMaxs(int maxStack, int maxLocals) {
            flush();
            super.visitMaxs(maxStack, maxLocals);
        }
    }
}
