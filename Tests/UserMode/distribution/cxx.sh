# g++: threads that throw through frames, regular expressions, futures
# needs: /usr/bin/g++
# prints: 12 caught, 3 words, 5050
# packages: g++
cat > a.cpp <<'E'
#include <atomic>
#include <future>
#include <iostream>
#include <numeric>
#include <regex>
#include <stdexcept>
#include <thread>
#include <vector>
static void deep(int n) { std::vector<int> keep(n + 1); if (n == 0) throw std::runtime_error("deep"); deep(n - 1); }
int main() {
    std::atomic<int> caught{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 12; i++) threads.emplace_back([&] { try { deep(50); } catch (const std::exception &) { caught++; } });
    for (auto &thread : threads) thread.join();
    std::string text = "foreign linux programs";
    std::regex word("[a-z]+");
    auto words = std::distance(std::sregex_iterator(text.begin(), text.end(), word), std::sregex_iterator());
    auto sum = std::async(std::launch::async, [] { std::vector<int> v(100); std::iota(v.begin(), v.end(), 1); return std::accumulate(v.begin(), v.end(), 0); });
    std::cout << caught << " caught, " << words << " words, " << sum.get() << "\n";
}
E
g++ -O2 -pthread a.cpp -o a && ./a
