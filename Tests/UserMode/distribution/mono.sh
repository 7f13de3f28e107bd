# mono: mcs and its JIT; exceptions from faults, threads
# needs: /usr/bin/mcs
# prints: null 40 499500
# packages: mono-mcs mono-runtime (arm64 only)
cat > a.cs <<'E'
using System; using System.Linq; using System.Threading;
class A {
    static void Main() {
        string s = null, said = "";
        try { Console.WriteLine(s.Length); } catch (NullReferenceException) { said = "null"; }
        int count = 0; var threads = Enumerable.Range(0, 4).Select(_ => new Thread(() => { for (int i = 0; i < 10; i++) Interlocked.Increment(ref count); })).ToList();
        threads.ForEach(t => t.Start()); threads.ForEach(t => t.Join());
        Console.WriteLine(said + " " + count + " " + Enumerable.Range(0, 1000).Sum());
    }
}
E
mcs a.cs && mono a.exe
