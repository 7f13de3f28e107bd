# ruby: fibers, threads, big integers, a child
# needs: /usr/bin/ruby
# prints: [0, 1, 1, 2, 3, 5, 8] 4 126 child
# packages: ruby
ruby -e 'f = Fiber.new { a, b = 0, 1; loop { Fiber.yield a; a, b = b, a + b } }
n = 4.times.map { |i| Thread.new { i * i } }.map(&:value).size
puts "#{7.times.map { f.resume }} #{n} #{(2 ** 418).to_s.size} #{`echo child`.chomp}"'
