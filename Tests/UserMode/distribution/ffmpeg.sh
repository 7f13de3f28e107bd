# ffmpeg: MPEG-4 and AAC encoded, decoded and summed; lossless FFV1 and FLAC come back the same
# needs: /usr/bin/ffmpeg
# prints: same same 50
# packages: ffmpeg
sum() { ffmpeg -v error -i "$1" -f framemd5 - | grep -v '^#' | md5sum; }
ffmpeg -v error -f lavfi -i testsrc=size=160x120:rate=25:duration=2 -pix_fmt yuv420p -c:v rawvideo raw.nut
ffmpeg -v error -i raw.nut -c:v ffv1 lossless.nut
ffmpeg -v error -f lavfi -i sine=frequency=440:duration=2 -c:a pcm_s16le raw.wav
ffmpeg -v error -i raw.wav -c:a flac lossless.flac
ffmpeg -v error -i raw.nut -i raw.wav -c:v mpeg4 -c:a aac lossy.mp4
frames=$(ffmpeg -v error -i lossy.mp4 -an -f framemd5 - | grep -vc '^#')
[ "$(sum raw.nut)" = "$(sum lossless.nut)" ] && video=same
samples() { ffmpeg -v error -i "$1" -f s16le - | md5sum; }
[ "$(samples raw.wav)" = "$(samples lossless.flac)" ] && sound=same
echo $video $sound $frames
