# npm: packages linked, a script run, a package packed
# needs: /usr/bin/npm
# prints: ran 1.2.3 thing-1.2.3.tgz
# packages: npm
export HOME=$PWD
mkdir -p thing && cd thing && echo '{"name":"thing","version":"1.2.3","main":"a.js","scripts":{"start":"node a.js"}}' > package.json && echo 'console.log("ran", require("./package.json").version)' > a.js
echo $(npm --silent start) $(npm --silent pack)
