# Java: javac; 4 threads, maps, caught null accesses and stack overflows, the JIT
# needs: /usr/bin/javac
# prints: 4 20 20 -2072239280
# packages: default-jdk-headless
cat > A.java <<'E'
import java.util.*;
public class A {
    static int depth(int n) { return 1 + depth(n + 1); }
    public static void main(String[] arguments) throws Exception {
        int[] nulls = new int[1], overflows = new int[1];
        Thread[] threads = new Thread[4];
        for (int t = 0; t < 4; t++) {
            threads[t] = new Thread(() -> {
                Map<String, Integer> map = new HashMap<>();
                for (int i = 0; i < 12500; i++) map.merge("k" + i % 97, i, Integer::sum);
                for (int i = 0; i < 5; i++) {
                    try { String s = i < 100 ? null : ""; s.length(); } catch (NullPointerException e) { synchronized (nulls) { nulls[0]++; } }
                    try { depth(0); } catch (StackOverflowError e) { synchronized (nulls) { overflows[0]++; } }
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) thread.join();
        int hash = 0;
        for (int i = 0; i < 100000; i++) hash = hash * 31 + i;
        System.out.println(threads.length + " " + nulls[0] + " " + overflows[0] + " " + hash);
    }
}
E
javac A.java && java A
