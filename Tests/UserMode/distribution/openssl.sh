# openssl: keys, signatures, ciphers, digests of known values
# needs: /usr/bin/openssl
# prints: Verified OK Verified OK same ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad
# packages: openssl
head -c 100000 /dev/zero | tr '\0' x > data
openssl ecparam -genkey -name prime256v1 -noout -out ec 2>/dev/null && openssl ec -in ec -pubout -out ecpub 2>/dev/null
openssl genrsa -out rsa 2048 2>/dev/null && openssl rsa -in rsa -pubout -out rsapub 2>/dev/null
for key in ec rsa; do openssl dgst -sha256 -sign $key -out sign data; said="$said$(openssl dgst -sha256 -verify ${key}pub -signature sign data) "; done
for cipher in aes-256-ctr chacha20 camellia-128-cbc; do
    openssl enc -$cipher -pbkdf2 -k word -in data -out hidden && openssl enc -d -$cipher -pbkdf2 -k word -in hidden | cmp - data || echo $cipher differs
done
echo "${said}same $(printf abc | openssl dgst -sha256 -r | cut -d' ' -f1)"
