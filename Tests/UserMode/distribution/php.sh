# php: arrays, regular expressions, JSON, closures
# needs: /usr/bin/php
# prints: {"sum":5050,"words":["one","two"],"hash":"900150983cd24fb0d6963f7d28e17f72"}
# packages: php-cli
php -r '$f = fn($n) => array_sum(range(1, $n)); preg_match_all("/[a-z]+/", "one, two", $m); echo json_encode(["sum" => $f(100), "words" => $m[0], "hash" => md5("abc")]), "\n";'
