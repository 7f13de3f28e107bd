# cmake and make: a project configured, built with two jobs, tested
# needs: /usr/bin/cmake
# prints: 100% tests passed, 0 tests failed out of 1
# packages: cmake make gcc
mkdir -p src && cat > src/CMakeLists.txt <<'E'
cmake_minimum_required(VERSION 3.10)
project(thing C)
enable_testing()
add_library(part STATIC part.c)
add_executable(thing thing.c)
target_link_libraries(thing part)
add_test(NAME runs COMMAND thing)
E
echo 'int part(void) { return 0; }' > src/part.c; echo 'int part(void); int main(void) { return part(); }' > src/thing.c
cmake -S src -B out > log && cmake --build out -j2 >> log && cd out && ctest 2>&1 | grep '^100%'
