# spec/e2e/uploads_client.py -- files as requests sends them: in a form, and as a chunked body.
import hashlib, io, json, sys
import requests

url, data = sys.argv[1], bytes(range(256)) * 4096

def check(file, name):
    assert file['size'] == len(data), file
    assert file['sha256'] == hashlib.sha256(data).hexdigest(), file
    assert file.get('filename') == name, file

form = requests.post(url + '/up/form/1', data={'title': 'ä b', 'tags': ['x', 'y']},
                     files=[('photo', ('grün "1".png', io.BytesIO(data), 'image/png')), ('docs', ('a', b'a'))]).json()
check(form['photo'], 'grün "1".png')
assert form['title'] == 'ä b' and form['tags'] == ['x', 'y'] and form['docs'][0]['size'] == 1, form

def pieces():
    for at in range(0, len(data), 1000):
        yield data[at:at + 1000]

check(requests.post(url + '/up/whole', data=pieces(), headers={'Content-Type': 'a/b'}).json(), None)
print(json.dumps('ok'))
